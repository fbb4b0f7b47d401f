import { show } from "../load/complaint.ts";
import type { Row } from "./row.ts";
import type { Setting } from "./setting.ts";

/** What a setting does, the words it allows, and the variants it is for. */
export function describe({ row, section, variants }: Setting): string {
  const uses = variants ? ` For ${section.variants?.by} ${variants.join(", ")}.` : "";
  const { onlyIf } = section;
  const only = onlyIf ? ` For ${onlyIf.path.split(".").at(-1)} ${onlyIf.is}.` : "";
  return describeRow(row) + uses + only;
}

/** What a row does, and the words it allows. */
export function describeRow(row: Row): string {
  const choices = row.kind.choices ?? [];
  return row.doc + (choices.length > 1 ? ` One of ${choices.join(", ")}.` : "");
}

/** A row's default in words: `required`, `default: 8080`, `default: off`. */
export function defaultText(row: Row): string {
  if (row.required) return "required";
  return `default: ${row.default === undefined ? row.absent ?? "none" : plain(row.default)}`;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" ? value : show(value);
}
