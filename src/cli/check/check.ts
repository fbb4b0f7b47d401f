import type { LoadedSettings } from "../../config/load/load.ts";
import { listSettings, settingsAsJson } from "../../config/load/loaded_settings.ts";
import { environmentProxy } from "../../net/environment_proxy.ts";
import { startNotes } from "../../supervisor/start_notes.ts";
import {
  checkCertificate,
  checkListeningAddresses,
  checkLogDirectory,
  checkPermissions,
} from "./machine_checks.ts";
import { type CheckResult, formatReport } from "./report.ts";
import { checkUpstream } from "./upstream_checks.ts";

/**
 * Shows the settings with their sources, and tries out everything a start would need.
 *
 * @returns the exit code: 0 when everything would work, else 1
 */
export async function check(loaded: LoadedSettings, { json }: { json: boolean }): Promise<number> {
  const notes = [
    ...startNotes(loaded),
    ...environmentProxy(loaded.settings.upstream_url).notes,
  ];
  const checks = await runChecks(loaded);
  const ok = checks.every((check) => check.ok);
  const file = loaded.filePath ?? null;
  console.log(
    json
      ? JSON.stringify({ ok, file, settings: settingsAsJson(loaded), notes, checks }, null, 2)
      : formatReport({ file, settings: listSettings(loaded), notes, checks }, colourful()),
  );
  return ok ? 0 : 1;
}

/** What follows the permissions would fail for want of them, and is left out then. */
async function runChecks(loaded: LoadedSettings): Promise<CheckResult[]> {
  const permissions = checkPermissions(loaded);
  if (!permissions.ok) return [permissions];
  const { settings } = loaded;
  return [
    permissions,
    ...checkListeningAddresses(settings),
    ...await checkLogDirectory(settings.logging),
    ...await checkCertificate(settings),
    ...await checkUpstream(settings),
  ];
}

function colourful(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}
