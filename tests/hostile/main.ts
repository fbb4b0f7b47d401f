/**
 * `deno task hostile [seconds] [part of a name] [nginx]`: for each attack, a well-behaved client's 99th
 * percentile before it and during it, what the proxy holds, and every wrong answer. With `nginx`, the
 * same attack on nginx stands below it, where nginx speaks the protocol. The exit code is 1 where an
 * answer was wrong or the client waited ten times as long as before, but for attacks that
 * take a worker (see `Attack.takesAWorker`). It needs Linux, and a limit of open files beyond 12,000.
 */
import { Arena, besides, type Defender } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { AttackerProcess } from "./attacker_process.ts";
import { Bystander, percentile } from "./bystander.ts";
import { NginxDefender } from "./nginx_defender.ts";

const MEGABYTE = 2 ** 20;
/** How much longer a well-behaved client may wait than when it is quiet. */
const TOLERATED = 10;
const NAME_WIDTH = 56;

const [seconds = "10", part = "", comparison] = Deno.args;
if (!(Number(seconds) > 0)) {
  console.error(
    `deno task hostile [seconds] [part of a name] [nginx]: ${seconds} is no number of seconds`,
  );
  Deno.exit(2);
}

/** What one attack did. */
interface Figures {
  /** 99th percentiles, in milliseconds. */
  readonly quiet: number;
  readonly during: number;
  /** Connections the attackers opened, and those that were open at the end. */
  readonly opened: number;
  readonly open: number;
  /** Bytes resident before the attack and at most during it. */
  readonly rss: readonly [before: number, most: number];
  /** Descriptors before the attack, at most during it, and 2 seconds after it. */
  readonly descriptors: readonly [before: number, most: number, after: number];
  readonly wrong: readonly string[];
}

async function measure(attack: Attack, defender: Defender): Promise<Figures> {
  const quiet = await watch(attack, defender, () => {});
  const before = { rss: defender.rssBytes(), descriptors: defender.fdCount() };
  let [rss, descriptors] = [before.rss, before.descriptors];
  await using attackers = new AttackerProcess(attack, defender.victim);
  await attackers.until(({ opened }) => opened >= attack.connections, 60_000);
  const during = await watch(attack, defender, () => {
    rss = Math.max(rss, defender.rssBytes());
    descriptors = Math.max(descriptors, defender.fdCount());
  });
  const { opened, open } = attackers.progress;
  await attackers.stop();
  await new Promise((later) => setTimeout(later, 2_000));
  return {
    quiet: percentile(quiet.latencies, 0.99),
    during: percentile(during.latencies, 0.99),
    opened,
    open,
    rss: [before.rss, rss],
    descriptors: [before.descriptors, descriptors, defender.fdCount()],
    wrong: [...quiet.wrong, ...during.wrong],
  };
}

/** Watches a well-behaved client for the time given, and calls `look` twice a second. */
async function watch(attack: Attack, { victim }: Defender, look: () => void): Promise<Bystander> {
  const bystander = new Bystander(besides(attack, victim));
  const timer = setInterval(look, 500);
  await new Promise((later) => setTimeout(later, Number(seconds) * 1000));
  clearInterval(timer);
  await bystander.stop();
  return bystander;
}

function print(
  name: string,
  { quiet, during, rss, descriptors, ...figures }: Figures,
): void {
  const { opened, open, wrong } = figures;
  console.log([
    name.padEnd(NAME_WIDTH),
    `${opened} (${open})`.padStart(14),
    quiet.toFixed(1).padStart(10),
    during.toFixed(1).padStart(11),
    (during / quiet).toFixed(1).padStart(7),
    rss.map((bytes) => Math.round(bytes / MEGABYTE)).join(" → ").padStart(12),
    descriptors.join(" → ").padStart(19),
    String(wrong.length).padStart(7),
  ].join(""));
  for (const what of new Set(wrong)) console.log(`    ${what}`);
}

console.log(
  `${"attack".padEnd(NAME_WIDTH)}${"opened (open)".padStart(14)}${"p99 quiet".padStart(10)}` +
    `${"p99 during".padStart(11)}${"ratio".padStart(7)}${"RSS MiB".padStart(12)}` +
    `${"descriptors".padStart(19)}${"wrong".padStart(7)}`,
);
const failed: string[] = [];
{
  await using arena = await Arena.start();
  for (const attack of ATTACKS.filter(({ name }) => name.includes(part))) {
    const figures = await measure(attack, arena.defender(attack));
    print(attack.takesAWorker ? `${attack.name} *` : attack.name, figures);
    const slow = !(figures.during / figures.quiet < TOLERATED);
    const failure = slow || figures.wrong.length > 0;
    if (failure && !attack.takesAWorker) failed.push(attack.name);
    if (comparison !== "nginx" || attack.speaks === "h2c") continue;
    await using nginx = await NginxDefender.start(await arena.upstreamUrl(attack));
    print("  nginx", await measure(attack, nginx));
  }
}
console.log(`
Latencies in milliseconds, from when each of 100 requests a second (over TLS 20) was due; half of
them on new connections. One process attacks, at rates that leave it most of a core: see attacks.ts.
* takes the worker that it meets until that is replaced: it is measured, and does not count.`);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}`);
  Deno.exit(1);
}
