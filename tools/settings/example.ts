import { show } from "../../src/config/load/complaint.ts";
import { defaultText, describe, describeRow } from "../../src/config/schema/describe.ts";
import type { ListSection, Row, Section } from "../../src/config/schema/row.ts";
import { type Setting, settingsOf } from "../../src/config/schema/setting.ts";
import { lists, sections } from "../../src/config/schema/sections.ts";

/** Widest line of a comment, in characters. */
const WIDTH = 98;

const INTRODUCTION = [
  "Every setting of claude-proxy. Copy this file to config.toml and set the two variables it " +
  "names. Lines that begin with # and a key show what else can be set: remove the # to set it.",
  "In every string ${VAR} and $VAR stand for an environment variable, which must be set, and $$ " +
  "for a literal $. A flag wins over a variable, a variable over this file.",
  "Generated from src/config/schema/ by tools/settings/generate.ts.",
];

/** The example configuration file: every setting, with only the required ones in force. */
export function exampleToml(
  of: readonly Section[] = sections,
  listsOf: readonly ListSection[] = lists,
): string {
  const introduction = INTRODUCTION.map(comment).join("\n#\n");
  return [introduction, ...of.map(sectionToml), ...listsOf.map(listToml)].join("\n\n") + "\n";
}

function sectionToml(section: Section): string {
  const heading = `# ${section.title}\n`;
  const table = section.top ? "" : `[${section.name}]\n`;
  return heading + table + "\n" + settingsOf(section).map(settingToml).join("\n\n");
}

function listToml({ name, title, doc, rows }: ListSection): string {
  const heading = `# ${title}\n${comment(`${doc} This file alone can give them.`)}\n#[[${name}]]`;
  return [heading, ...rows.map(listRowToml)].join("\n\n");
}

function listRowToml(row: Row): string {
  return `${comment(describeRow(row))}\n# ${defaultText(row)}\n#${row.key} = ${show(row.example)}`;
}

function settingToml(setting: Setting): string {
  const { row } = setting;
  const names = [row.flag, setting.variable].filter((name) => name !== undefined);
  const facts = `${names.join(" · ")} · ${defaultText(row)}`;
  const line = `${inForce(setting) ? "" : "#"}${row.key} = ${show(row.example)}`;
  return [comment(describe(setting)), `# ${facts}`, line].join("\n");
}

/** Required, and of the variant that the example shows. */
function inForce({ row, section, variants }: Setting): boolean {
  if (!row.required) return false;
  const shown = section.rows.find((by) => by.key === section.variants?.by)?.example;
  return variants === undefined || variants.includes(String(shown));
}

function comment(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (`# ${line} ${word}`.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join("\n");
}
