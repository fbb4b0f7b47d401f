/**
 * Attacks in a process of its own, so that what it costs is not charged to those who measure:
 * `attacker.ts NAME VICTIM [CONNECTIONS]`, the victim as JSON. Every 100 ms it prints its progress
 * as a line of JSON; it attacks until its standard input ends.
 */
import { type Progress, run, type Victim } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";

const [name, victim = "", connections] = Deno.args;
const found = ATTACKS.find((attack) => attack.name === name);
if (found === undefined) throw new Error(`Cannot find an attack called ${JSON.stringify(name)}`);
const attack = {
  ...found,
  ...(connections !== undefined && { connections: Number(connections) }),
};
const progress: Progress = { opened: 0, open: 0, sent: 0 };
const end = new AbortController();
const report = () => console.log(JSON.stringify(progress));
const timer = setInterval(report, 100);
const attacking = run(attack, JSON.parse(victim) as Victim, { signal: end.signal, progress });
for await (const _ of Deno.stdin.readable);
end.abort();
await attacking;
clearInterval(timer);
report();
