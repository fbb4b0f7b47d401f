import type { Kind } from "./kinds/kind.ts";

/** A value as the example file writes it. */
export type ExampleValue = string | number | boolean | readonly string[];

/**
 * One setting. Everything the program says or does about it comes from here:
 * flag, variable, TOML key, type, default, `--help`, example file and README.
 */
export interface Row {
  /** Key inside the section's TOML table, in snake_case. */
  readonly key: string;
  /** Flag with its metavar, as `--help` prints it: `-p, --port <PORT>`. */
  readonly flag?: string;
  /** What the value may be, and how text becomes it. */
  readonly kind: Kind<unknown>;
  /** Value when nobody sets one. A row with neither this nor `required` may be absent. */
  readonly default?: unknown;
  /** How the documentation names the absence of a value: `off`, `none`. */
  readonly absent?: string;
  /** The program cannot start without it. */
  readonly required?: true;
  /** Never printed, neither whole nor in part. */
  readonly secret?: true;
  /** The request path uses it: workers are sent it as it is, so it must be no secret. */
  readonly request?: true;
  /** What it does, with units, for an operator: sentences, the first one short. */
  readonly doc: string;
  /** Value shown in the example file. */
  readonly example: ExampleValue;
  /** A switch that stands for one value of this setting, weaker than the flag itself. */
  readonly shorthand?: { readonly flag: string; readonly value: string; readonly doc: string };
}

/** Rows that belong together: one TOML table, one `--help` group, one README table. */
export interface Section {
  /** Name in the README's markers; also the TOML table, unless `top` is set. A dot nests it. */
  readonly name: string;
  /** Heading in `--help` and the example file. */
  readonly title: string;
  /** The keys stand at the top of the file, in no table. */
  readonly top?: true;
  /** The table applies only while the setting of this path has this value. */
  readonly onlyIf?: { readonly path: string; readonly is: string };
  /**
   * What is wrong with the values taken together, each line a complaint. Asked once every value is
   * right by itself.
   */
  readonly validate?: (values: Readonly<Record<string, unknown>>) => readonly string[];
  /** Rows that always apply. */
  readonly rows: readonly Row[];
  /** Rows that apply for one value of the row called `by`. */
  readonly variants?: {
    readonly by: string;
    readonly of: Readonly<Record<string, readonly Row[]>>;
  };
}

/**
 * Rows of which the file may hold several sets: an array of tables, `[[name]]`. Neither flags nor
 * variables can give one, because neither has a way to tell the sets apart.
 */
export interface ListSection {
  /** Name of the tables, and of the README's markers. */
  readonly name: string;
  /** Heading in the example file. */
  readonly title: string;
  /** What the tables are for, for an operator. */
  readonly doc: string;
  /** Rows of one table. */
  readonly rows: readonly Row[];
}

/** The members of an intersection in one object. */
export type Simplify<T> = { [K in keyof T]: T[K] };
/** Type of the value that a row describes. */
export type ValueOf<R extends Row> = R["kind"] extends Kind<infer Value> ? Value : never;
/** Key of a row that always has a value. */
export type AlwaysKey<R> = R extends { readonly default: unknown } | { readonly required: true }
  ? R extends Row ? R["key"] : never
  : never;
/** Key of a row whose value may be absent. */
export type MaybeKey<R> = R extends Row ? (AlwaysKey<R> extends never ? R["key"] : never) : never;

/** Settings a list of rows describes; keys without default or `required` are optional. */
export type ValuesOf<Rows extends readonly Row[]> = Simplify<
  & { [R in Rows[number] as AlwaysKey<R>]: ValueOf<R> }
  & { [R in Rows[number] as MaybeKey<R>]?: ValueOf<R> }
>;

/** Discriminated union on the key `By`, one member for each variant. */
export type VariantsOf<
  By extends string,
  Variants extends Readonly<Record<string, readonly Row[]>>,
> = {
  [Name in keyof Variants]: Simplify<{ [K in By]: Name } & ValuesOf<Variants[Name]>>;
}[keyof Variants];
