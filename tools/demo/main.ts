/**
 * `deno task demo`: the whole of claude-proxy on one machine, with no account
 * anywhere. A stand-in model API plays the upstream in this process, the proxy
 * runs in one of its own, and a short show sends requests through it.
 */
import { Command, InvalidArgumentError } from "commander";
import { clientSetup } from "./client_setup.ts";
import { carriesOnly, masked } from "./credentials.ts";
import { createModelApi } from "./model_api.ts";
import { startProxy } from "./proxy_process.ts";
import { type Screen, terminalScreen } from "./screen.ts";
import { playShow } from "./show.ts";

const CLIENT_KEY = "demo-client-key";
const UPSTREAM_KEY = "demo-upstream-key";

interface DemoFlags {
  once: boolean;
  port: number;
}

/**
 * Runs the demo.
 *
 * @param args The command line.
 * @returns The exit code: 0, or 1 where the proxy died or, with `--once`, a step failed.
 */
async function main(args: string[]): Promise<number> {
  const flags = readFlags(args);
  const screen = terminalScreen();
  // An HTTP_PROXY meant for the way out must not catch what stays on this machine.
  Deno.env.set("NO_PROXY", "127.0.0.1");

  const interrupted = interruption();
  const upstreamSaw: Headers[] = [];
  const standIn = serveStandIn(upstreamSaw);
  const log = { shown: false };
  const proxy = startProxy({
    port: usablePort(flags.port, screen),
    upstreamUrl: standIn.url,
    clientKey: CLIENT_KEY,
    upstreamKey: UPSTREAM_KEY,
    onLine: (line) => log.shown && screen.line(screen.dim(line)),
  });
  const over = new AbortController();

  async function perform(): Promise<number> {
    const proxyUrl = `http://127.0.0.1:${await proxy.listening}`;
    screen.line(`\n  stand-in model API  ${standIn.url}, takes ${masked(UPSTREAM_KEY)}`);
    screen.line(`  claude-proxy        ${proxyUrl}, takes ${masked(CLIENT_KEY)}\n`);
    const keys = { clientKey: CLIENT_KEY, upstreamKey: UPSTREAM_KEY };
    const passed = await playShow({ screen, proxyUrl, ...keys, upstreamSaw, signal: over.signal });
    if (flags.once) return passed ? 0 : 1;
    screen.line(clientSetup(screen, proxyUrl, CLIENT_KEY));
    log.shown = true;
    screen.line("The proxy's log follows. Ctrl-C ends the demo.");
    await interrupted;
    return 0;
  }

  const ending = await Promise.race([perform(), interrupted.then(() => 0), proxy.ended]);
  over.abort();
  await proxy.stop();
  await standIn.stop();
  if (typeof ending === "number") return ending;
  console.error(`The proxy ended by itself, exit code ${ending.code}\n${ending.output}`);
  return 1;
}

function readFlags(args: string[]): DemoFlags {
  return new Command("deno task demo")
    .description("Shows claude-proxy at work between two clients and a stand-in model API")
    .option("--once", "end after the show: with 0, or with 1 if anything went wrong", false)
    .option("--port <N>", "port of the proxy, 0 for any", parsePort, 8080)
    .parse(args, { from: "user" })
    .opts<DemoFlags>();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new InvalidArgumentError(`Expected 0 to 65535, got "${text}"`);
  }
  return port;
}

/** `port`, or 0 where another program has it. */
function usablePort(port: number, screen: Screen): number {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return port;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    screen.line(`Port ${port} is taken, so the proxy takes a free one`);
    return 0;
  }
}

function serveStandIn(upstreamSaw: Headers[]) {
  const handler = createModelApi({
    acceptsKey: (headers) => carriesOnly(headers, UPSTREAM_KEY),
    onRequest: ({ headers }) => upstreamSaw.push(headers),
  });
  const stopping = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stopping.signal, onListen() {} },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => (stopping.abort(), server.finished),
  };
}

/** Resolves at Ctrl-C or, where there is such a thing, SIGTERM. */
function interruption(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", resolve);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
  return promise;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
