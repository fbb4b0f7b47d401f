import {
  nestedIn,
  type PlacedSection,
  type PlacedSetting,
  placeSetting,
  settingsIn,
  settingsOf,
} from "../schema/placed_setting.ts";
import type { Fault, NestedSection, Section, Setting } from "../schema/setting.ts";
import { type Keys, pathOf, type Table, tablesAt, valueAt } from "../schema/toml_value.ts";
import { missing, nameToTell, place, wrongExpansion, wrongValue } from "./complaint.ts";
import {
  type Candidate,
  formatSource,
  type Inputs,
  lineOf,
  type Source,
  strongest,
} from "./source.ts";

/** What resolving the sections gathers; useful only if there are no complaints. */
export interface Resolution {
  /** The settings object, nested as in TOML. */
  readonly values: Table;
  readonly provenance: ReadonlyMap<string, Source>;
  readonly complaints: readonly string[];
  readonly notes: readonly string[];
}

/** Picks and checks a value for every setting of every section. */
export function resolve(sections: readonly Section[], inputs: Inputs): Resolution {
  const resolver = new Resolver(sections, inputs);
  resolver.resolve();
  return resolver;
}

type Values = Record<string, unknown>;

class Resolver implements Resolution {
  readonly values: Values = {};
  readonly provenance = new Map<string, Source>();
  readonly complaints: string[] = [];
  readonly notes: string[] = [];
  readonly #sections: readonly Section[];
  readonly #inputs: Inputs;

  constructor(sections: readonly Section[], inputs: Inputs) {
    this.#sections = sections;
    this.#inputs = inputs;
  }

  resolve(): void {
    for (const section of this.#sections) this.#root(section);
    if (this.#inputs.fileFailed || this.complaints.length > 0) return;
    for (const section of this.#sections) this.#report([], section.validateAll?.(this.values));
  }

  #root(root: Section): void {
    if (root.list) this.#list(root);
    else if (root.top) this.#table({ section: root, root, keys: [] }, this.values);
    else this.#table({ section: root, root, keys: [root.name] }, this.values[root.name] = {});
  }

  #list(root: Section): void {
    const keys = [root.name];
    const before = this.complaints.length;
    const elements: Values[] = this.values[root.name] = [];
    const tables = tablesAt(this.#inputs.file?.table ?? {}, keys) ?? [];
    for (const index of tables.keys()) {
      const values = elements[index] = {};
      this.#table({ section: root, root, keys: [...keys, index] }, values);
    }
    if (this.complaints.length === before) this.#report(keys, this.#taken(root, elements));
  }

  #table(table: PlacedSection, values: Values): void {
    const { section, keys } = table;
    const before = this.complaints.length;
    for (const setting of section.settings) this.#setting(placeSetting(table, setting), values);
    this.#variant(table, values);
    for (const nested of nestedIn(table)) this.#nested(nested, values);
    if (this.#inputs.fileFailed || this.complaints.length > before) return;
    this.#report(keys, section.validate?.(values));
  }

  #variant(table: PlacedSection, values: Values): void {
    const { variants } = table.section;
    const variant = variants && values[variants.by];
    if (!variants || typeof variant !== "string") return;
    const is = `${variants.by} = "${variant}"`;
    for (const setting of variants.of[variant] ?? []) {
      this.#setting(placeSetting(table, setting), values, `${is} needs it`);
    }
    const others = settingsOf(table).filter((one) => one.variants?.includes(variant) === false);
    this.#ignore(others, `${is} does not use it`);
  }

  #nested(table: PlacedSection, around: Values): void {
    const { name, onlyIf } = table.section as NestedSection;
    if (!onlyIf || around[onlyIf.key] === onlyIf.is) {
      this.#table(table, around[name] = {});
    } else {
      const path = pathOf([...table.keys.slice(0, -1), onlyIf.key]);
      this.#ignore(settingsOf(table), `${path} is not "${onlyIf.is}"`);
    }
  }

  #setting(placed: PlacedSetting, values: Values, why?: string): void {
    const candidate = strongest(placed, this.#inputs) ?? this.#fallback(placed.setting);
    if (candidate) this.#accept(placed, candidate, values);
    else if (!placed.setting.required) this.provenance.set(placed.path, { from: "default" });
    else if (!this.#inputs.fileFailed) this.complaints.push(this.#missing(placed, why));
  }

  #fallback({ inherits, default: value }: Setting): Candidate | undefined {
    const source = inherits === undefined ? undefined : this.provenance.get(inherits);
    const inherited = inherits && valueAt(this.values, inherits.split("."));
    if (source && inherited !== undefined) return { source, value: inherited, problems: [] };
    return value === undefined ? undefined : { source: { from: "default" }, value, problems: [] };
  }

  #accept(placed: PlacedSetting, candidate: Candidate, values: Values): void {
    const { setting, path } = placed;
    for (const problem of candidate.problems) {
      this.complaints.push(wrongExpansion(placed, candidate, problem));
      const name = nameToTell(setting, problem);
      if (name !== undefined && problem.problem !== "unset") this.#inputs.environment.lacks(name);
    }
    if (candidate.problems.length > 0) return;
    const checked = setting.kind.check(candidate.value);
    if (checked.ok) {
      values[setting.key] = checked.value;
      this.provenance.set(path, candidate.source);
      const note = setting.note?.(checked.value);
      if (note !== undefined) this.notes.push(`${place(path, candidate.source)}: ${note}`);
    } else this.complaints.push(wrongValue(placed, candidate, checked.message));
  }

  /** A note for each value that somebody gave in vain. */
  #ignore(settings: readonly PlacedSetting[], reason: string): void {
    for (const placed of settings) {
      const candidate = strongest(placed, this.#inputs);
      if (!candidate) continue;
      this.notes.push(`${place(placed.path, candidate.source)}: ignored, because ${reason}`);
    }
  }

  /** @param from where the faults' keys begin */
  #report(from: Keys, faults: readonly Fault[] = []): void {
    for (const fault of faults) this.complaints.push(this.#told([...from, ...fault.at], fault));
  }

  #told(keys: Keys, fault: Fault): string {
    const path = pathOf(keys);
    if ("wrong" in fault) {
      const source = this.#sourceOf(keys);
      return `${source ? place(path, source) : path}: ${fault.wrong}`;
    }
    const placed = settingsIn(this.values, this.#sections).find((one) => one.path === path);
    return placed ? this.#missing(placed, fault.missing) : `${path} is not set (${fault.missing})`;
  }

  #missing(placed: PlacedSetting, why: string | undefined): string {
    const { file } = this.#inputs;
    const table = placed.root.list && file && lineOf(file, placed.keys);
    return missing(placed, why, table);
  }

  /** Tables of a list that share with one before what is unique among them. */
  #taken({ name, unique = [] }: Section, tables: readonly Values[]): Fault[] {
    return duplicates(unique, tables).map(([index, before]) => {
      const source = this.#sourceOf([name, before, ...unique.slice(0, 1)]);
      const other = `${name}[${before}]${source ? ` (${formatSource(source)})` : ""}`;
      const wrong = `expected ${unique.join(" and ")} only once, but ${other} has the same`;
      return { at: [index, ...unique.slice(0, 1)], wrong };
    });
  }

  /** Where a value came from, or the line of its table where nobody gave it. */
  #sourceOf(keys: Keys): Source | undefined {
    const source = this.provenance.get(pathOf(keys));
    if (source !== undefined && source.from !== "default") return source;
    const { file } = this.#inputs;
    return file && valueAt(file.table, keys.slice(0, 1)) !== undefined
      ? lineOf(file, keys)
      : undefined;
  }
}

/** Tables with the values of one before at all of the keys: the indices of both. */
function duplicates(keys: readonly string[], tables: readonly Values[]): [number, number][] {
  const seen = new Map<string, number>();
  return keys.length === 0 ? [] : tables.flatMap((values, index): [number, number][] => {
    const id = JSON.stringify(keys.map((key) => values[key]));
    const before = seen.get(id);
    if (before !== undefined) return [[index, before]];
    seen.set(id, index);
    return [];
  });
}
