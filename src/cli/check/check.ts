import { StartError } from "../../config/load/start_error.ts";
import type { LoadedSettings } from "../../config/load/load.ts";
import type { Settings } from "../../config/schema/settings.ts";
import { listSettings } from "../../config/load/loaded_settings.ts";
import { openUpstreamConnection } from "../../supervisor/upstream_connection.ts";
import { upstreamConfig } from "../../supervisor/worker_config.ts";
import {
  checkCertificate,
  checkListeningAddresses,
  checkLogDirectory,
  checkPermissions,
} from "./machine_checks.ts";
import { type CheckResult, formatReport } from "./report.ts";
import { checkUpstream } from "./upstream.ts";
import { checkUpstreamAuth } from "./upstream_auth.ts";

/**
 * Shows the settings with their sources, and tries out everything a start would need.
 *
 * @returns the exit code: 0 when everything would work, else 1
 */
export async function check(loaded: LoadedSettings, { json }: { json: boolean }): Promise<number> {
  const settings = listSettings(loaded);
  const checks = await runChecks(loaded);
  const ok = checks.every((check) => check.ok);
  console.log(
    json
      ? JSON.stringify({ ok, settings, notes: loaded.notes, checks }, null, 2)
      : formatReport({ settings, notes: loaded.notes, checks }, colourful()),
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
    ...await checkUpstreamWay(settings),
  ];
}

/** The token and the upstream, on the way that a start would take. */
async function checkUpstreamWay(settings: Settings): Promise<CheckResult[]> {
  try {
    await using connection = openUpstreamConnection(settings);
    const { caCerts } = connection.tls;
    const { credential, results } = await checkUpstreamAuth(settings.upstream_auth, caCerts);
    if (credential === undefined) return [...results];
    return [...results, await checkUpstream(upstreamConfig(settings, connection), credential)];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ name: "certificate files", ok: false, text: error.complaints.join("; ") }];
  }
}

function colourful(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}
