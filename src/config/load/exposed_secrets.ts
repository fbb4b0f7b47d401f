import { type PlacedSetting, settingsIn } from "../schema/placed_setting.ts";
import type { Section } from "../schema/setting.ts";
import { type Table, valueAt } from "../schema/toml_value.ts";
import type { ConfigIo } from "./config_io.ts";
import { absolute } from "./discovery.ts";
import { expand } from "./expand.ts";
import type { Resolution } from "./resolve.ts";
import type { Inputs } from "./source.ts";

/**
 * Notes about secrets that others can read: those that flags give, which stand in the list of
 * processes, those that are spelled out in a file that is open to others, and private keys in such.
 */
export async function exposedSecrets(
  of: readonly Section[],
  { values, provenance }: Pick<Resolution, "values" | "provenance">,
  { file }: Pick<Inputs, "file">,
  io: ConfigIo,
): Promise<string[]> {
  const settings = settingsIn(values, of);
  const from = (where: string) =>
    settings.filter(({ setting, path }) => setting.secret && provenance.get(path)?.from === where);
  const spelled = file === undefined
    ? []
    : from("file").filter(({ keys }) => isSpelledOut(valueAt(file.table, keys)));
  const open = file !== undefined && spelled.length > 0 && await io.isOpenToOthers(file.path);
  const flagged = from("flag");
  return [
    ...(flagged.length > 0 ? [inProcessList(flagged)] : []),
    ...(open ? [inOpenFile(file.name, spelled)] : []),
    ...await openKeyFiles(settings, values, io),
  ];
}

async function openKeyFiles(
  settings: readonly PlacedSetting[],
  values: Table,
  io: ConfigIo,
): Promise<string[]> {
  const notes: string[] = [];
  for (const { path: setting, keys } of settings.filter(({ setting }) => setting.keyFile)) {
    const path = valueAt(values, keys);
    if (typeof path !== "string" || !await io.isOpenToOthers(absolute(path, io))) continue;
    notes.push(
      `${setting}: every user of this machine can read the private key in ${path}; close it to ` +
        `others (chmod o-r ${path})`,
    );
  }
  return notes;
}

/** Whether a value of the file, or one of a list, takes nothing from a variable. */
function isSpelledOut(raw: unknown): boolean {
  if (Array.isArray(raw)) return raw.some(isSpelledOut);
  return expand(raw, () => "unset").problems.length === 0;
}

function inProcessList(secrets: readonly PlacedSetting[]): string {
  const flags = secrets.map(({ flag }) => flag).join(", ");
  const variables = secrets.map(({ variable }) => variable).join(", ");
  return `${flags}: secrets in flags stand in the list of processes, where others can read them; ` +
    `set ${variables}, or write them into a configuration file`;
}

function inOpenFile(name: string, secrets: readonly PlacedSetting[]): string {
  const paths = secrets.map(({ path }) => path).join(", ");
  return `${name}: every user of this machine can read ${paths} in it; close it to others ` +
    `(chmod o-r ${name}), or write \${VAR} there`;
}
