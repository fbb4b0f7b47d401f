import { parseArgs } from "node:util";
import { CONTENDERS } from "./contenders/mod.ts";
import { WORKS } from "./works/mod.ts";

/** Rounds that a figure is the median of. */
const FULL_ROUNDS = 5;

/** What the command line asks for. */
export interface Options {
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** Keys; all where absent. */
  readonly works?: readonly string[];
  /** Keys; all where absent. */
  readonly contenders?: readonly string[];
  readonly streams: readonly number[];
  /** Whether nothing is left out, and every figure is a median of as many rounds as by default. */
  readonly full: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {Error} naming what is wrong with it
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      works: { type: "string" },
      contenders: { type: "string" },
      streams: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const fallback = values.quick
    ? { rounds: "1", seconds: "1", streams: "1,500" }
    : { rounds: String(FULL_ROUNDS), seconds: "2", streams: "1,100,500,1000,2000" };
  const given = { ...fallback, ...values };
  const rounds = positive("--rounds", given.rounds);
  const narrowed = [values.quick, values.works, values.contenders, values.streams].some(Boolean);
  return {
    rounds,
    seconds: positive("--seconds", given.seconds),
    streams: list(given.streams).map((count) => positive("--streams", count)),
    full: !narrowed && rounds >= FULL_ROUNDS,
    ...(values.works !== undefined && { works: known("work", list(values.works), WORKS) }),
    ...(values.contenders !== undefined && {
      contenders: known("contender", list(values.contenders), CONTENDERS),
    }),
  };
}

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function known(what: string, keys: string[], among: readonly { key: string }[]): string[] {
  const there = among.map(({ key }) => key);
  const unknown = keys.find((key) => !there.includes(key));
  if (unknown === undefined) return keys;
  throw new Error(`There is no ${what} "${unknown}", there are ${there.join(", ")}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`Expected a positive whole number for ${name}, got "${text}"`);
  }
  return value;
}
