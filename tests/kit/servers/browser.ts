import { withDeadline } from "../time/deadline.ts";

/** As root and without a network of its own, which it would otherwise search for updates. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** What the page is seen with. */
export interface BrowserView {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** @default {false} */
  readonly mobile?: boolean;
}

/** A message of the DevTools protocol. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/**
 * One page in headless Chromium, driven over the DevTools protocol.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */
export class Browser {
  /** What the page complained of: errors on its console, exceptions, refused resources. */
  readonly complaints: string[] = [];
  /** URLs the page asked for. */
  readonly requested: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Message) => void>();
  #lastId = 0;

  private constructor(child: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Starts Chromium with an empty page. */
  static async start(): Promise<Browser> {
    const profile = await Deno.makeTempDir();
    const child = new Deno.Command("chromium", {
      args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const port = await withDeadline(devToolsPort(child.stderr), 60_000, "Chromium to start");
    const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = pages.find(({ type }: { type: string }) => type === "page");
    const socket = new WebSocket(page.webSocketDebuggerUrl);
    await new Promise((open, fail) => Object.assign(socket, { onopen: open, onerror: fail }));
    const browser = new Browser(child, profile, socket);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) {
      await browser.call(`${domain}.enable`);
    }
    return browser;
  }

  /** Opens a URL as seen with a view. */
  async open(url: string, { width, height, scheme, mobile = false }: BrowserView): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      mobile,
      deviceScaleFactor: 1,
    });
    await this.call("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
    await this.call("Page.navigate", { url });
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result } = await this.call("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value: T }).value;
  }

  /** Waits until an expression in the page is true. */
  async until(expression: string): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!await this.evaluate<boolean>(`Boolean(${expression})`)) {
      if (performance.now() > deadline) {
        const text = await this.evaluate("document.body.innerText");
        throw new Deno.errors.TimedOut(
          `Waited for ${expression}; the page shows:\n${text}\n${this.complaints.join("\n")}`,
        );
      }
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** A picture of the page as PNG: what is seen of it, or the whole. */
  async screenshot({ whole = false } = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { cssContentSize } = await this.call("Page.getLayoutMetrics");
    const { data } = await this.call("Page.captureScreenshot", {
      captureBeyondViewport: whole,
      ...(whole && { clip: { ...cssContentSize as object, scale: 1 } }),
    });
    return Uint8Array.fromBase64(data as string);
  }

  /** Calls a method of the protocol. */
  async call(
    method: string,
    params: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#answers.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await withDeadline(promise, 30_000, method);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    await this.call("Browser.close").catch(() => this.#child.kill("SIGKILL"));
    await Promise.all([this.#child.status, closed]);
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {}); // Its helpers may linger.
  }

  #receive(message: Message): void {
    if (message.id !== undefined) {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
      return;
    }
    const { method, params = {} } = message;
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
    if (method === "Network.requestWillBeSent") {
      this.requested.push((params["request"] as { url: string }).url);
    }
  }
}

/** Reads on after the port was found, so that Chromium never waits for a reader. */
async function devToolsPort(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let text = "";
  const read = async () => {
    for await (const part of stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      const port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    }
    reject(new Error(`Chromium ended:\n${text}`));
  };
  void read();
  return await promise;
}
