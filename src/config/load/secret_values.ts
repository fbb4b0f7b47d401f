import type { LoadedSettings } from "./load.ts";
import { allSettings } from "../schema/setting.ts";

/** Every secret among the settings, for taking them out of what is printed. */
export function secretValues({ settings }: LoadedSettings): string[] {
  return allSettings()
    .filter(({ row }) => row.secret)
    .map(({ keys }) =>
      keys.reduce<unknown>((table, key) => (table as Record<string, unknown>)?.[key], settings)
    )
    .flat()
    .filter((value) => typeof value === "string");
}
