/**
 * `deno task bench [--rounds N] [--seconds S] [--works 1,2] [--contenders proxy,nginx]
 * [--streams 100,500] [--quick]`: the same work through this proxy and through what people would use
 * instead, in one run, taking turns. It needs Linux, nginx, wrk and openssl; contenders that are no
 * packages of the system are installed into a cache directory.
 *
 * @module
 */
import { bars } from "./bars.ts";
import type { Contender } from "./contenders/contender.ts";
import { CONTENDERS } from "./contenders/mod.ts";
import { programVersion } from "./contenders/version.ts";
import { WRK } from "./load/wrk.ts";
import { NGINX } from "../kit/servers/nginx.ts";
import { type Cores, machineCores, pinSelf } from "./machine/cores.ts";
import { loadAverage, thisMachine } from "./machine/machine.ts";
import { type Options, parseOptions } from "./options.ts";
import { renderReport, renderWork } from "./report.ts";
import { type Entry, type Results, saveResults } from "./results.ts";
import { WORKS } from "./works/mod.ts";
import type { Table } from "./works/work.ts";

const OPENSSL = { program: "openssl", install: "apt-get install openssl" };

async function main(options: Options): Promise<void> {
  const date = new Date().toISOString();
  const machine = thisMachine();
  const loadAverages = [loadAverage()];
  const tools = {
    wrk: await programVersion(WRK, ["-v"]),
    nginx: await programVersion(NGINX, ["-v"]),
    openssl: await programVersion(OPENSSL, ["version"]),
    Deno: Deno.version.deno,
  };
  const chosen = CONTENDERS.filter(({ key }) => options.contenders?.includes(key) ?? true);
  const entries = await Promise.all(chosen.map(prepare));
  const contenders = chosen.filter((_, index) => entries[index]?.missing === undefined);
  const cores = machineCores();
  await pinSelf(cores);
  const tables = await measure(
    options,
    contenders,
    cores,
    () => loadAverages.push(loadAverage()),
  );
  const { rounds, seconds, full } = options;
  const results: Results = {
    ...{ date, command: ["deno task bench", ...Deno.args].join(" "), full, rounds, seconds },
    ...{
      pinning: pinning(cores),
      machine,
      loadAverages,
      tools,
      entries,
      tables,
      bars: bars(tables),
    },
  };
  const report = renderReport(results);
  console.log(report);
  progress(`written to ${await saveResults(results, report)}`);
}

async function prepare({ key, name, settings, prepare }: Contender): Promise<Entry> {
  const entry = { key, name, settings };
  try {
    const version = await prepare();
    progress(`${name} ${version}`);
    return { ...entry, ...(version !== "" && { version }) };
  } catch (error) {
    const missing = error instanceof Error ? error.message : String(error);
    progress(`${name} does not take part: ${missing}`);
    return { ...entry, missing };
  }
}

async function measure(
  options: Options,
  contenders: readonly Contender[],
  cores: Cores,
  onWorkDone: () => void,
): Promise<Table[]> {
  const tables: Table[] = [];
  for (const work of WORKS.filter(({ key }) => options.works?.includes(key) ?? true)) {
    progress(`work ${work.key}: ${work.title}`);
    const measured = await work.run({ ...options, contenders, cores, progress });
    progress(measured.flatMap(renderWork).join("\n\n"));
    tables.push(...measured);
    onWorkDone();
  }
  return tables;
}

function pinning({ contender, load }: Cores): string {
  return contender === undefined
    ? "Nothing is pinned to a core, so that load and contenders disturb each other."
    : `Contenders run on core ${contender}, the load generator and the upstream on ${load}.`;
}

function progress(text: string): void {
  console.error(text);
}

if (import.meta.main) {
  try {
    await main(parseOptions(Deno.args));
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
