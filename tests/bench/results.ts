import type { Bar } from "./bars.ts";
import type { Machine } from "./machine/machine.ts";
import type { Table } from "./works/work.ts";

/** A contender that took part, or why it could not. */
export interface Entry {
  readonly key: string;
  readonly name: string;
  readonly settings: string;
  readonly version?: string;
  /** Why it could not be had. */
  readonly missing?: string;
}

/** Everything a run came to. */
export interface Results {
  /** When it began, ISO 8601. */
  readonly date: string;
  /** The command that makes such results. */
  readonly command: string;
  /** Whether it was every work, contender and load with the default rounds. */
  readonly full: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Where what ran. */
  readonly pinning: string;
  readonly machine: Machine;
  /** Load averages before the run and after each work: what disturbed the run shows here. */
  readonly loadAverages: readonly number[];
  /** Of the programs that loads are made with. */
  readonly tools: Readonly<Record<string, string>>;
  readonly entries: readonly Entry[];
  readonly tables: readonly Table[];
  readonly bars: readonly Bar[];
}

const DIRECTORY = new URL("./results/", import.meta.url);

/**
 * Writes results as Markdown and as JSON, named by the day. Those of a run that was not full have a
 * name of their own, which git ignores.
 *
 * @returns the path of the Markdown
 */
export async function saveResults(results: Results, markdown: string): Promise<string> {
  const name = results.date.slice(0, 10) + (results.full ? "" : "-partial");
  const [text, json] = [new URL(`${name}.md`, DIRECTORY), new URL(`${name}.json`, DIRECTORY)];
  await Deno.mkdir(DIRECTORY, { recursive: true });
  await Deno.writeTextFile(text, markdown);
  await Deno.writeTextFile(json, JSON.stringify(results, rounded, 2) + "\n");
  await format([text.pathname, json.pathname]);
  return text.pathname;
}

/** Five digits of a number, which are more than a measurement is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

/**
 * The results of the last full run.
 *
 * @throws {Error} when there are none
 */
export async function lastResults(): Promise<Results> {
  const names = [...Deno.readDirSync(DIRECTORY)].map(({ name }) => name);
  const last = names.filter((name) => /^[\d-]+\.json$/.test(name)).sort().at(-1);
  if (last === undefined) throw new Error("Expected results of a full run, run deno task bench");
  return JSON.parse(await Deno.readTextFile(new URL(last, DIRECTORY)));
}

/** Formats files as `deno task check` wants them. */
export async function format(paths: readonly string[]): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...paths] });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`deno fmt failed: ${new TextDecoder().decode(stderr)}`);
}
