import { type Candidate, type Inputs, strongest } from "./candidate.ts";
import { missing, place, wrongExpansion, wrongValue } from "./complaint.ts";
import type { Row, Section } from "./row.ts";
import { type Setting, settingOf, settingsOf } from "./setting.ts";
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
  const values: Record<string, unknown> = section.top ? resolution.values : {};
  if (!section.top) resolution.values[section.name] = values;
  for (const row of section.rows) resolveRow(section, row, values, inputs, resolution);
  if (!section.variants) return;
  const variant = values[section.variants.by];
  if (typeof variant !== "string") return;
  for (const row of section.variants.of[variant] ?? []) {
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
