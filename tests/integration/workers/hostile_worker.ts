/**
 * What a request worker would try if its code were not ours any more. It is started with a list of
 * addresses and files, tries everything, and posts what became of each attempt.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import process from "node:process";

/** What the attempts are aimed at. */
export interface Targets {
  /** Where a request worker may listen. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** `host:port` of the upstream, which it may reach. */
  readonly upstream: string;
  /** `host:port` of all that it may not. */
  readonly elsewhere: readonly string[];
  /** Files that exist. */
  readonly files: readonly string[];
  /** A file that does not, in a directory that anyone may write to. */
  readonly newFile: string;
  /** A JavaScript module on disk that is no part of the program. */
  readonly module: string;
}

/** How each attempt ended: `allowed`, or the error's name and message. */
export type Outcomes = Readonly<Record<string, string>>;

type Attempts = Record<string, () => unknown>;

const test = self as unknown as {
  postMessage(outcomes: Outcomes): void;
  onmessage: (event: MessageEvent<Targets>) => void;
};

test.onmessage = async ({ data: targets }) => {
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts(targets))) {
    outcomes[name] = await outcome(attempt);
  }
  test.postMessage(outcomes);
};

async function outcome(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "allowed";
  } catch (error) {
    // A failed dynamic import hides the refusal's class behind a TypeError.
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

function attempts(targets: Targets): Attempts {
  return {
    ...files(targets),
    ...network(targets),
    ...processes(),
    ...code(targets),
    "listen where it may": () => Deno.listen({ ...targets.listen, reusePort: true }).close(),
    "reach the upstream": () => connect(targets.upstream),
  };
}

function files({ files, newFile }: Targets): Attempts {
  return {
    ...perItem("read", files, (file) => Deno.readTextFile(file)),
    ...perItem("stat", files, (file) => Deno.stat(file)),
    ...perItem("read with node:fs", files, (file) => readFileSync(file)),
    ...perItem("open for fetch", files, (file) => fetch(`file://${file}`)),
    "list a directory": () => [...Deno.readDirSync("/")],
    "write a file": () => Deno.writeTextFile(newFile, "x"),
    "make a temporary file": () => Deno.makeTempFile(),
    "link a file": () => Deno.symlink("/etc/passwd", newFile),
  };
}

function network({ elsewhere }: Targets): Attempts {
  return {
    ...perItem("connect to", elsewhere, connect),
    ...perItem("connect with node:net to", elsewhere, nodeConnect),
    ...perItem("fetch from", elsewhere, (address) => fetch(`http://${address}/`)),
    ...perItem("open a WebSocket to", elsewhere, openWebSocket),
    "listen on another port": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
    "resolve a name": () => Deno.resolveDns("login.microsoftonline.com", "A"),
    "send by way of a proxy": () => {
      const client = Deno.createHttpClient({ proxy: { url: `http://${elsewhere[0]}` } });
      return fetch("http://login.microsoftonline.com/", { client });
    },
    "send a datagram": () => Deno.listenDatagram({ transport: "udp", port: 0 }).close(),
  };
}

function processes(): Attempts {
  return {
    "read a variable": () => Deno.env.get("HOME"),
    "read every variable": () => Deno.env.toObject(),
    "read a variable with node:process": () => String(process.env["PATH"]),
    "set a variable": () => Deno.env.set("X", "y"),
    "run a program": () => new Deno.Command("/bin/true").output(),
    "run a program with node:child_process": () => execFileSync("/bin/true"),
    "load a library": () => Deno.dlopen("libc.so.6", {}),
    "ask for the host's name": () => Deno.hostname(),
    "ask for the process's path": () => Deno.execPath(),
    "ask for the working directory": () => Deno.cwd(),
    "signal a process": () => Deno.kill(1, "SIGCONT"),
  };
}

/** Specifiers are put together at run time, or Deno would look for the modules before it starts. */
function code({ module, elsewhere }: Targets): Attempts {
  return {
    ...perItem("import code from", elsewhere, (address) => import(`http://${address}/x.js`)),
    "import code from a registry": () => import(["https://jsr.io", "x.js"].join("/")),
    "import a file": () => import(`file://${module}`, { with: { type: "json" } }),
    "start a worker with more permissions": () =>
      new Worker("data:text/javascript,", {
        type: "module",
        deno: { permissions: { read: true } },
      }),
    "ask for more permissions": async () => {
      const { state } = await Deno.permissions.request({ name: "read" });
      if (state !== "granted") throw new Deno.errors.NotCapable(`the answer is ${state}`);
    },
  };
}

function perItem(
  verb: string,
  items: readonly string[],
  attempt: (item: string) => unknown,
): Attempts {
  return Object.fromEntries(items.map((item) => [`${verb} ${item}`, () => attempt(item)]));
}

async function connect(address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  (await Deno.connect({ hostname, port: Number(port || 80) })).close();
}

function nodeConnect(address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = createConnection(Number(port || 80), hostname);
  return new Promise((resolve, reject) => {
    socket.once("connect", () => (socket.destroy(), resolve()));
    socket.once("error", reject);
  });
}

function openWebSocket(address: string): Promise<void> {
  const socket = new WebSocket(`ws://${address}/`);
  return new Promise((resolve, reject) => {
    socket.onopen = () => (socket.close(), resolve());
    socket.onerror = (event) => reject((event as ErrorEvent).error ?? new Error("failed"));
  });
}
