import type { Contender, Running, StartOptions } from "../contenders/contender.ts";
import { type Figures, medians } from "../stats.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
import type { Bench, Row } from "./work.ts";

/** A contender in a work: at work, or with the reason why it is not. */
interface Entrant {
  readonly contender: Contender;
  readonly running?: Running;
  /** What it was found to fail at, by load. */
  readonly failures: Map<string, string>;
}

/** What a contender is measured at. */
export interface Turn<L> {
  readonly contender: Contender;
  readonly running: Running;
  readonly load: L;
}

/** One of the loads of a work. */
export interface NamedLoad {
  readonly name: string;
}

/** All contenders of a work, started, taking turns. */
export class Field implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #entrants: Entrant[] = [];
  readonly #directories: TemporaryDirectory[] = [];

  private constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** Starts every contender before the same upstream. */
  static async start(
    bench: Bench,
    contenders: readonly Contender[],
    options: Pick<StartOptions, "upstreamUrl" | "upstreamCaFile" | "certificate">,
  ): Promise<Field> {
    const field = new Field(bench);
    for (const contender of contenders) await field.#add(contender, options);
    return field;
  }

  /** Measures every contender under every load in each round, and returns the medians. */
  async takeTurns<L extends NamedLoad>(
    loads: readonly L[],
    measure: (turn: Turn<L>) => Promise<Figures>,
    rounds = this.#bench.rounds,
  ): Promise<Row[]> {
    const measured = new Map<string, Figures[]>();
    const of = ({ contender }: Entrant, load: L) => {
      const key = `${contender.key} ${load.name}`;
      return measured.get(key) ?? measured.set(key, []).get(key)!;
    };
    for (let round = 1; round <= rounds; round++) {
      for (const load of loads) {
        this.#bench.progress(`  round ${round} of ${rounds}: ${load.name}`);
        for (const entrant of this.#entrants) {
          const figures = await this.#measure(entrant, load, measure);
          if (figures) of(entrant, load).push(figures);
        }
      }
    }
    return loads.flatMap((load) =>
      this.#entrants.map((entrant) => row(entrant, load.name, of(entrant, load)))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#entrants.map(({ running }) => running?.[Symbol.asyncDispose]()));
    for (const directory of this.#directories) directory[Symbol.dispose]();
  }

  async #add(contender: Contender, options: Omit<StartOptions, "directory" | "cores">) {
    const directory = startDirectory();
    this.#directories.push(directory);
    const { cores } = this.#bench;
    try {
      const running = await contender.start({ ...options, directory: directory.path, cores });
      this.#entrants.push({ contender, running, failures: new Map() });
    } catch (error) {
      this.#bench.progress(`  ${contender.name} did not start: ${message(error)}`);
      this.#entrants.push({ contender, failures: new Map([["", message(error)]]) });
    }
  }

  /** A contender that failed at a load is not asked again. */
  async #measure<L extends NamedLoad>(
    { contender, running, failures }: Entrant,
    load: L,
    measure: (turn: Turn<L>) => Promise<Figures>,
  ): Promise<Figures | undefined> {
    if (running === undefined || failures.has(load.name)) return undefined;
    try {
      return await measure({ contender, running, load });
    } catch (error) {
      this.#bench.progress(`  ${contender.name}: ${message(error)}`);
      failures.set(load.name, message(error));
      return undefined;
    }
  }
}

/** A directory that nginx's worker, another user when started by root, may write into. */
export function startDirectory(): TemporaryDirectory {
  const directory = new TemporaryDirectory();
  Deno.chmodSync(directory.path, 0o777);
  return directory;
}

function row({ contender, failures }: Entrant, load: string, rounds: readonly Figures[]): Row {
  const failure = failures.get("") ?? failures.get(load);
  return {
    contender: contender.key,
    name: contender.name,
    load,
    figures: medians(rounds),
    rounds,
    ...(failure !== undefined && { failure }),
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
