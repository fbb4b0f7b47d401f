import { defaultText, describe } from "../../src/config/schema/describe.ts";
import {
  allSections,
  type PlacedSection,
  type PlacedSetting,
  settingsOf,
} from "../../src/config/schema/placed_setting.ts";
import { type Section, sections } from "../../src/config/schema/settings.ts";
import { tomlText } from "../../src/config/schema/toml_value.ts";

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
export function exampleToml(of: readonly Section[] = sections): string {
  const introduction = INTRODUCTION.map(comment).join("\n#\n");
  return [introduction, ...allSections(of).map(sectionToml)].join("\n\n") + "\n";
}

function sectionToml(place: PlacedSection): string {
  return [headingToml(place), ...settingsOf(place).map(settingToml)].join("\n\n");
}

function headingToml({ section, root, keys }: PlacedSection): string {
  const lines = [`# ${section.title}`];
  const name = keys.join(".");
  if (section === root && root.list) {
    lines.push(comment(`${root.doc} This file alone can give them.`), `#[[${name}]]`);
  } else if (root.list) lines.push(`#[${name}]`);
  else if (!root.top) lines.push(`[${name}]`);
  return lines.join("\n");
}

function settingToml(placed: PlacedSetting): string {
  const { setting, variable } = placed;
  const facts = [setting.flag, variable, defaultText(setting)].filter((fact) => fact !== undefined);
  const line = `${inForce(placed) ? "" : "#"}${setting.key} = ${tomlText(setting.example)}`;
  return [comment(describe(placed)), `# ${facts.join(" · ")}`, line].join("\n");
}

/** Required, and of the variant that the example shows. No table of a list is required. */
function inForce({ root, setting, section, variants }: PlacedSetting): boolean {
  if (!setting.required || root.list) return false;
  const shown = section.settings.find(({ key }) => key === section.variants?.by)?.example;
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
