import { fileURLToPath } from "node:url";

/** What the proxy of the demo is started with. */
export interface ProxyOptions {
  /** Port to listen on; 0 for any. */
  port: number;
  upstreamUrl: string;
  clientKey: string;
  upstreamKey: string;
  /** Called with each line the proxy writes to standard output once it listens. */
  onLine: (line: string) => void;
}

/** The proxy, running as a process of its own as it would anywhere. */
export interface ProxyProcess {
  /** The port, as soon as the proxy listens; never settles where it fails to. */
  listening: Promise<number>;
  /** How the proxy ended and what it had to say, less what `onLine` was told. */
  ended: Promise<{ code: number; output: string }>;
  /** Asks the proxy to end, and insists after five seconds. */
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Milliseconds between SIGTERM and SIGKILL. */
const PATIENCE = 5000;

const LISTENING = /listening on (https?):\/\/[^ ]+:(\d+)/;

/** Starts the proxy. */
export function startProxy(options: ProxyOptions): ProxyProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: proxyArguments(options),
    cwd: ROOT,
    clearEnv: true,
    env: cleanEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { promise: listening, resolve } = Promise.withResolvers<number>();
  let isListening = false;
  let beforeListening = "";
  const stdout = readLines(child.stdout, (line) => {
    if (isListening) return options.onLine(line);
    beforeListening += `${line}\n`;
    const port = LISTENING.exec(line)?.[2];
    if (port === undefined) return;
    isListening = true;
    resolve(Number(port));
  });
  const ended = Promise.all([child.stderr.text(), child.status, stdout])
    .then(([stderr, { code }]) => ({ code, output: beforeListening + stderr }));
  return { listening, ended, stop: () => stop(child, ended) };
}

function proxyArguments({ port, upstreamUrl, clientKey, upstreamKey }: ProxyOptions): string[] {
  return [
    ...["run", "--no-prompt", "--allow-net", "--allow-read", "main.ts"],
    ...["--config", "tools/demo/no_settings.toml"],
    ...["--bind-address", "127.0.0.1", "--port", String(port)],
    ...["--upstream-url", upstreamUrl, "--client-api-key", clientKey],
    ...["--upstream-auth-type", "api_key", "--upstream-api-key", upstreamKey],
    ...["--log-level", "info"],
  ];
}

/** The environment less the proxy's own variables, which would override the demo's settings. */
function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("CLAUDE_PROXY_")),
  );
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let unfinished = "";
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array, string>;
  for await (const text of stream.pipeThrough(decoder)) {
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop() ?? "";
    lines.forEach(onLine);
  }
}

async function stop(child: Deno.ChildProcess, ended: Promise<unknown>): Promise<void> {
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  signal("SIGTERM");
  const insist = setTimeout(() => signal("SIGKILL"), PATIENCE);
  await ended;
  clearTimeout(insist);
}
