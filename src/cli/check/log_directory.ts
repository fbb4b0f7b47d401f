import type { LoggingSettings } from "../../config/schema/settings.ts";
import type { CheckResult } from "./result.ts";

/** Whether log files can be written, found out by making the directory and a file in it. */
export async function checkLogDirectory(
  { log_path: path }: LoggingSettings,
): Promise<CheckResult[]> {
  if (path === undefined) return [];
  const name = "log directory";
  try {
    await Deno.mkdir(path, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: path, prefix: ".check-" }));
    return [{ name, ok: true, text: `${path} can be written` }];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `${path} cannot be written: ${reason}; give it to the user we run as, or set ` +
      "logging.log_path";
    return [{ name, ok: false, text }];
  }
}
