import { type Candidate, type Inputs, strongest } from "./candidate.ts";
import { valueAt } from "./config_file.ts";
import { missing, place, wrongExpansion, wrongValue } from "./complaint.ts";
import type { Row, Section } from "../schema/row.ts";
import { type Setting, settingOf, settingsOf } from "../schema/setting.ts";
import type { Source } from "./source.ts";

/** What resolving the sections gathers; useful only if there are no complaints. */
export interface Resolution {
  /** The settings object, nested as in TOML. */
  readonly values: Record<string, unknown>;
  readonly provenance: Map<string, Source>;
  readonly complaints: string[];
  readonly notes: string[];
}

/** Picks and checks a value for every row of every section. */
export function resolve(sections: readonly Section[], inputs: Inputs): Resolution {
  const resolution = { values: {}, provenance: new Map(), complaints: [], notes: [] };
  for (const section of sections) resolveSection(section, inputs, resolution);
  return resolution;
}

function resolveSection(section: Section, inputs: Inputs, resolution: Resolution): void {
  if (!applies(section, resolution)) {
    resolution.notes.push(...unusedTable(section, inputs));
    return;
  }
  const complaintsBefore = resolution.complaints.length;
  const values = tableOf(section, resolution.values);
  for (const row of section.rows) resolveRow(section, row, values, inputs, resolution);
  resolveVariant(section, values, inputs, resolution);
  if (inputs.fileFailed || resolution.complaints.length > complaintsBefore) return;
  resolution.complaints.push(...section.validate?.(values) ?? []);
}

function applies({ onlyIf }: Section, { values }: Resolution): boolean {
  return onlyIf === undefined || valueAt(values, onlyIf.path.split(".")) === onlyIf.is;
}

/** Where a section's values go; the table around a nested one has its own section before it. */
function tableOf({ top, name }: Section, values: Record<string, unknown>): Record<string, unknown> {
  if (top) return values;
  return name.split(".").reduce(
    (table, key) => (table[key] ??= {}) as Record<string, unknown>,
    values,
  );
}

function resolveVariant(
  section: Section,
  values: Record<string, unknown>,
  inputs: Inputs,
  resolution: Resolution,
): void {
  const variant = section.variants && values[section.variants.by];
  if (typeof variant !== "string") return;
  for (const row of section.variants?.of[variant] ?? []) {
    resolveRow(section, row, values, inputs, resolution, variant);
  }
  resolution.notes.push(...unused(section, variant, inputs));
}

function resolveRow(
  section: Section,
  row: Row,
  values: Record<string, unknown>,
  inputs: Inputs,
  resolution: Resolution,
  variant?: string,
): void {
  const setting = settingOf(section, row);
  const candidate = strongest(setting, inputs) ?? fallback(row);
  if (candidate) accept(setting, candidate, values, resolution);
  else if (!row.required) resolution.provenance.set(setting.path, { from: "default" });
  else if (!inputs.fileFailed) resolution.complaints.push(missing(setting, variant));
}

function fallback(row: Row): Candidate | undefined {
  if (row.default === undefined) return undefined;
  return { source: { from: "default" }, value: row.default, problems: [] };
}

function accept(
  setting: Setting,
  candidate: Candidate,
  values: Record<string, unknown>,
  resolution: Resolution,
): void {
  for (const problem of candidate.problems) {
    resolution.complaints.push(wrongExpansion(setting, candidate, problem));
  }
  if (candidate.problems.length > 0) return;
  const checked = setting.row.kind.check(candidate.value);
  if (checked.ok) {
    values[setting.row.key] = checked.value;
    resolution.provenance.set(setting.path, candidate.source);
  } else resolution.complaints.push(wrongValue(setting, candidate, checked.message));
}

/** A note for each value given in a table that does not apply. */
function unusedTable(section: Section, inputs: Inputs): string[] {
  const notes: string[] = [];
  for (const setting of settingsOf(section)) {
    const candidate = strongest(setting, inputs);
    const reason = `${section.onlyIf?.path} is not "${section.onlyIf?.is}"`;
    if (candidate) notes.push(`${place(setting, candidate)}: ignored, because ${reason}`);
  }
  return notes;
}

/** A note for each value given that the chosen variant has no use for. */
function unused(section: Section, variant: string, inputs: Inputs): string[] {
  const notes: string[] = [];
  for (const setting of settingsOf(section)) {
    if (setting.variants === undefined || setting.variants.includes(variant)) continue;
    const candidate = strongest(setting, inputs);
    const reason = `${section.variants?.by} = "${variant}" does not use it`;
    if (candidate) notes.push(`${place(setting, candidate)}: ignored, because ${reason}`);
  }
  return notes;
}
