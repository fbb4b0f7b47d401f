import type { PlacedSetting } from "./placed_setting.ts";
import type { NestedSection, Setting } from "./setting.ts";
import { tomlText } from "./toml_value.ts";

/** What a setting does, the words it allows, and the variants it is for. */
export function describe({ setting, section, variants }: PlacedSetting): string {
  const choices = setting.kind.choices ?? [];
  const { onlyIf }: Partial<NestedSection> = section;
  return [
    setting.doc,
    choices.length > 1 && `One of ${choices.join(", ")}.`,
    variants && `For ${section.variants?.by} ${variants.join(", ")}.`,
    onlyIf && `For ${onlyIf.key} ${onlyIf.is}.`,
  ].filter(Boolean).join(" ");
}

/** A setting's default in words: `required`, `default: 8080`, `default: off`. */
export function defaultText(setting: Setting): string {
  const { required, default: value, inherits, absent = "none", defaultName } = setting;
  if (required) return "required";
  return `default: ${inherits ?? defaultName ?? (value === undefined ? absent : plain(value))}`;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" ? value : tomlText(value);
}
