/**
 * `deno task bench [--rounds N] [--seconds S] [--works 1,2] [--contenders proxy,nginx]
 * [--streams 100,500] [--quick]`: the same work through this proxy and through what people would use
 * instead, in one run, taking turns. It needs Linux, nginx and wrk.
 *
 * @module
 */
import { CONTENDERS } from "./contenders/mod.ts";
import type { Contender } from "./contenders/contender.ts";
import { machineCores } from "./machine/cores.ts";
import { parseOptions } from "./options.ts";
import { renderTable } from "./table.ts";
import { WORKS } from "./works/mod.ts";

const options = parseOptions(Deno.args);
const progress = (text: string) => console.error(text);
const works = WORKS.filter(({ key }) => options.works?.includes(key) ?? true);
const contenders: Contender[] = [];
const missing: string[] = [];
for (const contender of CONTENDERS) {
  if (!(options.contenders?.includes(contender.key) ?? true)) continue;
  try {
    progress(`${contender.name} ${await contender.prepare()}`);
    contenders.push(contender);
  } catch (error) {
    missing.push(`${contender.name}: ${error instanceof Error ? error.message : error}`);
  }
}
const cores = machineCores();
for (const work of works) {
  progress(work.title);
  const table = await work.run({ ...options, contenders, cores, progress });
  console.log(`\n${table.title}\n\n${table.description}\n\n${renderTable(table)}`);
  for (const { name, load, failure } of table.rows) {
    if (failure !== undefined) console.log(`${name}, ${load}: ${failure}`);
  }
}
for (const line of missing) console.log(`missing: ${line}`);
