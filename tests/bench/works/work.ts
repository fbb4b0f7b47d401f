import type { Contender } from "../contenders/contender.ts";
import type { Cores } from "../machine/cores.ts";
import type { Figures } from "../stats.ts";

/** What a run is to do. */
export interface Bench {
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** Numbers of concurrent event streams. */
  readonly streams: readonly number[];
  readonly contenders: readonly Contender[];
  readonly cores: Cores;
  /** Tells a waiting person how far it is. */
  readonly progress: (text: string) => void;
}

/** One kind of load, the same for every contender. */
export interface Work {
  /** For `--works`. */
  readonly key: string;
  readonly title: string;
  /** @throws {Error} when the load itself cannot be had */
  run(bench: Bench): Promise<Table[]>;
}

/** A column of figures. */
export interface Column {
  /** Name of the figure. */
  readonly key: string;
  readonly title: string;
  /** Digits after the point. */
  readonly digits: number;
}

/** What became of one contender under one load. */
export interface Row {
  /** The contender's key and name. */
  readonly contender: string;
  readonly name: string;
  /** What varies within a table, such as "16 connections". */
  readonly load: string;
  /** Medians over the rounds. */
  readonly figures: Figures;
  /** Every round, in order. */
  readonly rounds: readonly Figures[];
  /** Why there are no figures, or no more. */
  readonly failure?: string;
}

/** What a work comes to. */
export interface Table {
  /** The work's key, where it has several tables followed by a letter. */
  readonly work: string;
  readonly title: string;
  /** What was done, in whole sentences. */
  readonly description: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}
