import assert from "node:assert/strict";
import { Arena, besides } from "../hostile/arena.ts";
import type { Attack } from "../hostile/attack.ts";
import { ATTACKS } from "../hostile/attacks.ts";
import { AttackerProcess } from "../hostile/attacker_process.ts";
import { Bystander } from "../hostile/bystander.ts";
import type { ProxyProcess } from "../kit/process/proxy_process.ts";

/** Enough to see what they do to others; `deno task hostile` measures more of them. */
const MOST_CONNECTIONS = 100;
/** The most that an attack of so many connections may cost, in bytes. */
const ALLOWED_GROWTH = 128 * 2 ** 20;
/** Connections to the upstream that the proxy keeps for the next request. */
const POOLED = 20;

Deno.test({
  name:
    "during every attack a well-behaved client gets only right answers, and nothing is left of it",
  ignore: Deno.build.os !== "linux", // Memory and descriptors are read from /proc.
  fn: async (t) => {
    await using arena = await Arena.start();
    const idle = new Map<ProxyProcess, number>();
    // What takes a worker is another test's: hostile_floods_test.ts.
    for (const attack of ATTACKS.filter(({ takesAWorker }) => !takesAWorker)) {
      const few = { ...attack, connections: Math.min(attack.connections, MOST_CONNECTIONS) };
      await t.step(attack.name, () => withstands(arena, few, idle));
    }
  },
});

/** @param idle descriptors of each proxy before any attack on it */
async function withstands(
  arena: Arena,
  attack: Attack,
  idle: Map<ProxyProcess, number>,
): Promise<void> {
  const proxy = arena.attacked(attack);
  const { victim } = arena.defender(attack);
  const bystander = new Bystander(besides(attack, victim));
  await bystander.answers(10);
  const before = proxy.rssBytes();
  const descriptors = idle.get(proxy) ?? proxy.fdCount();
  idle.set(proxy, descriptors);
  {
    await using attackers = new AttackerProcess(attack, victim);
    await attackers.until(({ opened }) => opened >= attack.connections);
    await bystander.answers(20);
    const grown = proxy.rssBytes() - before;
    assert.ok(grown < ALLOWED_GROWTH, `memory grew by ${grown} bytes`);
    await attackers.stop();
  }
  await bystander.answers(5);
  await bystander.stop();
  assert.deepEqual(bystander.wrong, []);
  await descriptorsReturn(proxy, descriptors + POOLED);
  assert.ok(!proxy.stdout.some((line) => /worker died|could not be accepted/.test(line)));
}

/** Closed connections are let go when the runtime gets round to it. */
async function descriptorsReturn(proxy: ProxyProcess, most: number): Promise<void> {
  const until = performance.now() + 20_000;
  while (proxy.fdCount() > most && performance.now() < until) {
    await new Promise((later) => setTimeout(later, 100));
  }
  assert.ok(proxy.fdCount() <= most, `${proxy.fdCount()} descriptors, expected ${most} at most`);
}
