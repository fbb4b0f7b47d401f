import type { Kind } from "./kinds/kind.ts";
import type { Keys, Table } from "./toml_value.ts";

/** A value as the example file writes it. */
export type ExampleValue =
  | string
  | number
  | boolean
  | Date
  | readonly ExampleValue[]
  | { readonly [key: string]: ExampleValue };

/** What a reload makes of a changed value: it takes effect, or stays as it was until a restart. */
export type OnReload = "change" | "keep";

/**
 * One setting. Everything the program says or does about it comes from here:
 * flag, variable, TOML key, type, default, `--help`, example file and README.
 */
export interface Setting {
  /** Key inside the section's TOML table, in snake_case. */
  readonly key: string;
  /**
   * Flag with its metavar, as `--help` prints it: `-p, --port <PORT>`. A table inside another, or of
   * a list, has none for it.
   */
  readonly flag?: string;
  /** What the value may be, and how text becomes it. */
  readonly kind: Kind<unknown>;
  /** Value when nobody sets one. A setting with neither this nor `required` may be absent. */
  readonly default?: unknown;
  /** Path of a setting declared before, whose value, if it has one, stands in for a missing one. */
  readonly inherits?: string;
  /** How the documentation names the absence of a value: `off`, `none`. */
  readonly absent?: string;
  /** How the documentation names a default that is empty, or too long to show. */
  readonly defaultName?: string;
  /** The program cannot start without it. */
  readonly required?: true;
  /** Never printed, neither whole nor in part. */
  readonly secret?: true;
  /** It names a file with a private key, which others must not read. */
  readonly keyFile?: true;
  /** The request path uses it: workers are sent it as it is, so it must be no secret. */
  readonly request?: true;
  /** What is odd about a value that is right, for a note: words to go behind the setting's name. */
  readonly note?: (value: unknown) => string | undefined;
  /** What a reload makes of another value. @default {what the section says} */
  readonly onReload?: OnReload | ((from: unknown, to: unknown) => OnReload);
  /** What it does, with units, for an operator: sentences, the first one short. */
  readonly doc: string;
  /** Value shown in the example file. */
  readonly example: ExampleValue;
  /** A switch that stands for one value of this setting, weaker than the flag itself. */
  readonly shorthand?: { readonly flag: string; readonly value: string; readonly doc: string };
}

/** What is wrong with values taken together: a value, or that there is none. */
export type Fault =
  | { readonly at: Keys; readonly wrong: string }
  | { readonly at: Keys; readonly missing: string };

/** What one TOML table holds. */
export interface TableSchema {
  /** Settings that always apply. */
  readonly settings: readonly Setting[];
  /** Settings that apply for one value of the setting called `by`. */
  readonly variants?: {
    readonly by: string;
    readonly of: Readonly<Record<string, readonly Setting[]>>;
  };
  /** Tables inside this one. */
  readonly tables?: readonly NestedSection[];
  /**
   * What is wrong with the values taken together, at keys of this table. Asked once every value is
   * right by itself.
   */
  readonly validate?: (values: Table) => readonly Fault[];
}

/** A table inside another: `[upstream_auth.azure_ad]`. */
export interface NestedSection extends TableSchema {
  /** Its key in the table around it. */
  readonly name: string;
  /** Heading in `--help` and the example file. */
  readonly title: string;
  /** The table applies only while this setting of the table around it has this value. */
  readonly onlyIf?: { readonly key: string; readonly is: string };
}

/** Settings that belong together: one TOML table, one `--help` group, one README table. */
export interface Section extends TableSchema {
  /** Name in the README's markers; also the TOML table, unless `top` is set. */
  readonly name: string;
  /** Heading in `--help` and the example file. */
  readonly title: string;
  /** What the tables of a list are for, for an operator. */
  readonly doc?: string;
  /** The keys stand at the top of the file, in no table. */
  readonly top?: true;
  /**
   * The file may hold several: an array of tables, `[[name]]`. Neither flags nor variables can give
   * one, because neither has a way to tell the tables apart.
   */
  readonly list?: true;
  /** Keys whose values no two tables of a list share: the name, or a name and what it is for. */
  readonly unique?: readonly string[];
  /** The request path uses all of it: workers are sent it as it is, so it must hold no secret. */
  readonly request?: true;
  /** What a reload makes of other values. A list changes or stays as a whole. */
  readonly onReload: OnReload;
  /**
   * What is wrong between this section and others, at keys of the file's top. Asked once everything
   * is right by itself.
   */
  readonly validateAll?: (settings: Table) => readonly Fault[];
}

/** The same setting where one can do without the value. */
export function optional<S extends Setting>(setting: S): Omit<S, "required"> {
  const { required: _, ...rest } = setting;
  return rest;
}

/** The same setting where it has no value unless somebody sets it. */
export function unset<S extends Setting>(setting: S): Omit<S, "required" | "default"> {
  const { required: _, default: __, ...rest } = setting;
  return rest;
}
