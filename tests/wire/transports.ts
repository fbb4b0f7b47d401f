import type { Bytes } from "../kit/http1/bytes.ts";
import { Http2Client } from "../kit/http2/http2_client.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { type ClientTarget, formatRequest, RawClient } from "../kit/http1/raw_client.ts";

/** A request that any transport can carry. */
export interface Call {
  /** @default {"GET"} */
  method?: string;
  /** @default {"/v1/models"} */
  path?: string;
  /** With a `content-length`. Over HTTP/1.1 it follows the head in one write unless `split`. */
  body?: string | Uint8Array;
  /** Whether the body is written when the upstream has the head, so that they arrive apart. */
  split?: () => Promise<unknown>;
}

/** The response to a call, as it comes. */
export interface Answer {
  status(): Promise<number>;
  /** The next bytes of the body, or null after its end. */
  readSome(deadlineMs?: number): Promise<Bytes | null>;
  /** The rest of the body, up to its end or its cut. */
  readToEnd(): Promise<{ text: string; isCut: boolean }>;
  /** Goes away: closes the connection, or over HTTP/2 resets the stream. */
  leave(): Promise<void>;
}

/** A client's connection, which over HTTP/1.1 carries one call after the other. */
export interface Caller extends Disposable {
  call(call: Call): Promise<Answer>;
}

/** A proxy and how to call it. */
export interface ServedProxy extends AsyncDisposable {
  readonly process: ProxyProcess;
  /** For a client of the test's own. */
  readonly target: ClientTarget;
  connect(): Promise<Caller>;
}

/** One way for clients to reach the proxy. */
export interface Transport {
  readonly name: string;
  start(upstreamUrl: string, args?: string[]): Promise<ServedProxy>;
}

const plain: Transport = {
  name: "HTTP/1.1",
  start: async (upstreamUrl, args = []) => {
    const process = await ProxyProcess.start({ upstreamUrl, args });
    const target = { port: process.port };
    return {
      process,
      target,
      connect: () => Http1Caller.connect(target),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  },
};

const tls: Transport = {
  name: "HTTP/1.1 over TLS",
  start: (upstreamUrl, args) =>
    serveTls(upstreamUrl, args, (target) => Http1Caller.connect(target)),
};

const http2: Transport = {
  name: "HTTP/2",
  start: (upstreamUrl, args) =>
    serveTls(upstreamUrl, args, (target) => Http2Caller.connect(target)),
};

/** All there are. */
export const TRANSPORTS: readonly Transport[] = [plain, tls, http2];
/** Those on which a connection is all a client has to leave. */
export const HTTP1_TRANSPORTS: readonly Transport[] = [plain, tls];

async function serveTls(
  upstreamUrl: string,
  args: string[] | undefined,
  connect: (target: ClientTarget) => Promise<Caller>,
): Promise<ServedProxy> {
  const proxy = await HttpsProxy.start(upstreamUrl, args);
  const target = { port: proxy.port, tls: { caCerts: [proxy.authority.root] } };
  return {
    process: proxy.process,
    target,
    connect: () => connect(target),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

class Http1Caller implements Caller {
  readonly #client: RawClient;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async connect(target: ClientTarget): Promise<Http1Caller> {
    return new Http1Caller(await RawClient.connect(target));
  }

  async call({ method = "GET", path = "/v1/models", body, split }: Call): Promise<Answer> {
    const client = this.#client;
    const headers: [string, string][] = [["Host", "localhost"], ["x-api-key", CLIENT_KEY]];
    if (body !== undefined) headers.push(["Content-Length", String(body.length)]);
    await client.write(
      formatRequest({ method, target: path, headers, body: split ? "" : body ?? "" }),
    );
    if (split && body !== undefined) {
      await split();
      await client.write(body);
    }
    const reader = async () => {
      const head = await client.readHead();
      return { status: head.status, body: client.bodyOf(head, { method }) };
    };
    let answer: ReturnType<typeof reader> | undefined;
    return {
      status: async () => (await (answer ??= reader())).status,
      readSome: async (deadlineMs) => {
        const { body } = await (answer ??= reader());
        return (await body.readSome(deadlineMs))?.bytes ?? null;
      },
      readToEnd: async () => {
        const { bytes, ended } = await (await (answer ??= reader())).body.readAll();
        return { text: new TextDecoder().decode(bytes), isCut: ended === "cut" };
      },
      leave: () => Promise.resolve(client.close()),
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

class Http2Caller implements Caller {
  readonly #client: Http2Client;

  private constructor(client: Http2Client) {
    this.#client = client;
  }

  static async connect(target: ClientTarget): Promise<Http2Caller> {
    return new Http2Caller(await Http2Client.connect(target));
  }

  async call({ method = "GET", path = "/v1/models", body = "", split }: Call): Promise<Answer> {
    const headers: [string, string][] = [["x-api-key", CLIENT_KEY]];
    if (body.length > 0) headers.push(["content-length", String(body.length)]);
    const given = { method, path, headers };
    const stream = await this.#client.request(
      split ? { ...given, open: true } : { ...given, body },
    );
    if (split) {
      await split();
      await stream.send(body, true);
    }
    return {
      status: () => stream.status(),
      readSome: (deadlineMs) => stream.readSome(deadlineMs),
      readToEnd: async () => {
        const decoder = new TextDecoder();
        let text = "";
        try {
          for (let piece = await stream.readSome(); piece; piece = await stream.readSome()) {
            text += decoder.decode(piece, { stream: true });
          }
          return { text, isCut: false };
        } catch (error) {
          if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
          return { text, isCut: true };
        }
      },
      leave: () => stream.cancel(),
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
