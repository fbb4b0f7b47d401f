import assert from "node:assert/strict";
import { AttackerProcess } from "../hostile/attacker_process.ts";
import { FLOOD_ATTACKS } from "../hostile/flood_attacks.ts";
import { type ClientTarget, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { ProxyProcess } from "../kit/process/proxy_process.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";

const LIMIT = 512 * 2 ** 20;
/** Milliseconds after which a flood that takes a worker has ended with it. */
const ENOUGH = 40_000;
/** The exit code of a program that wants to be started again: a thread went on after its end. */
const START_AGAIN = 70;

/**
 * Asks until there is an answer, and returns its status; or the program's exit code. Connections that the
 * thread before had taken are reset at its end, and for a moment nobody listens.
 */
async function outcome(process: ProxyProcess, target: ClientTarget): Promise<number> {
  const exited = process.exit(2 * ENOUGH);
  exited.catch(() => {}); // It has not.
  for (const until = performance.now() + ENOUGH;;) {
    try {
      return (await request(target)).status;
    } catch (error) {
      if (!isBetweenWorkers(error) || performance.now() > until) throw error;
      const pause = new Promise<void>((later) => setTimeout(later, 100));
      const code = await Promise.race([exited, pause]);
      if (typeof code === "number") return code;
    }
  }
}

function isBetweenWorkers(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionRefused;
}

const CONTAINED: [name: string, args: string[], reason: RegExp][] = [
  ["HTTP/2 PRIORITY flood at full speed", [], /worker died.*silent for 10 s/],
  [
    "HTTP/2 empty DATA without end",
    ["--memory-limit", `${LIMIT}`],
    /worker died.*(exceed memory_limit|silent for 10 s)/,
  ],
];

for (const [name, args, reason] of CONTAINED) {
  Deno.test(`a worker that an ${name} takes is replaced, or the program ends to be started again`, async () => {
    const attack = FLOOD_ATTACKS.find((attack) => attack.name === name) ?? assert.fail(name);
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1", ...args]);
    const { port, authority, process } = proxy;
    const tls = { caCerts: [authority.root] };
    {
      await using attackers = new AttackerProcess(attack, { port, tlsPort: port, ...tls });
      await process.waitForLine(reason, ENOUGH);
      await attackers.stop();
    }
    const found = await outcome(process, { port, tls, deadlineMs: ENOUGH });
    assert.ok([200, START_AGAIN].includes(found), `${found}`);
  });
}
