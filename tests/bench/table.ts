import type { Column, Row, Table } from "./works/work.ts";

/** Stands where a figure could not be had. */
export const NO_FIGURE = "–";

/** A work's table in Markdown, padded so that it reads well as text too. */
export function renderTable({ columns, rows }: Table): string {
  const shown = columns.filter(({ key }) => rows.some(({ figures }) => figures[key] !== undefined));
  const titles = ["Load", "Contender", ...shown.map(({ title }) => title)];
  const body = rows.map((row) => [row.load, row.name, ...cells(row, shown)]);
  return markdownTable(titles, body);
}

function cells({ figures, failure }: Row, columns: readonly Column[]): string[] {
  if (failure !== undefined && Object.keys(figures).length === 0) {
    return columns.map((_, index) => index === 0 ? "no figure" : NO_FIGURE);
  }
  return columns.map(({ key, digits }) => formatted(figures[key], digits));
}

/** A figure as the tables show it, thousands apart; a dash where there is none. */
export function formatted(value: number | undefined, digits: number): string {
  if (value === undefined) return NO_FIGURE;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = value.toLocaleString("en-US", format);
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** A Markdown table as `deno fmt` leaves it: text to the left, the two first columns being text. */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [titles, ...rows];
  const widths = titles.map((_, column) =>
    Math.max(3, ...all.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(titles), rule, ...rows.map(line)].join("\n");
}
