import { StartError } from "../config/load/start_error.ts";
import { denoConfigIo } from "../config/load/config_io.ts";
import { type LoadedSettings, loadSettings } from "../config/load/load.ts";
import { formatSource } from "../config/load/source.ts";
import { notHosted } from "../credentials/providers/registry.ts";

/** Why a setting cannot apply to a single isolate that somebody else serves. */
const CANNOT_APPLY: Readonly<Record<string, string>> = {
  bind_address: "the host decides where to listen",
  port: "the host decides where to listen",
  state_dir: "the host starts and ends isolates",
  workers: "the host decides how many isolates there are",
  memory_limit: "the host limits an isolate's memory",
  upstream_ca_file: "there are no files",
  upstream_client_cert_path: "there are no files",
  "upstream_auth.client_certificate_path": "there are no files; use client_secret",
  "logging.log_path": "there are no files; lines go to standard output",
  "tls.mode": "the host ends TLS",
  "admin.port": "the host gives us one listener; scrape the host's own metrics",
};

/** Seconds to finish running requests on hosts that kill a process five seconds after asking. */
const HOSTED_SHUTDOWN_TIMEOUT = 4;

/**
 * Loads the settings from the environment alone, and refuses those that cannot apply.
 *
 * @throws {StartError} holding every complaint at once
 */
export async function loadEdgeSettings(isHosted: boolean): Promise<LoadedSettings> {
  const io = { ...denoConfigIo(), readFile: () => Promise.resolve("missing" as const) };
  const loaded = await loadSettings({ values: new Map() }, io);
  const complaints = refusals(loaded);
  if (complaints.length > 0) throw new StartError(complaints, { notes: loaded.notes });
  return isHosted ? withHostedDefaults(loaded) : loaded;
}

function refusals({ provenance, settings }: LoadedSettings): string[] {
  const complaints = Object.entries(CANNOT_APPLY).flatMap(([path, reason]) => {
    const source = provenance.get(path);
    if (source === undefined || source.from === "default") return [];
    return [`${formatSource(source)}: ${path} cannot apply under deno serve: ${reason}`];
  });
  const authRefusals = notHosted(settings.upstream_auth).map(({ type, reason }) =>
    `upstream_auth.type: ${type} cannot apply under deno serve: ${reason}`
  );
  return [...complaints, ...authRefusals];
}

function withHostedDefaults(loaded: LoadedSettings): LoadedSettings {
  if (loaded.provenance.get("shutdown_timeout")?.from !== "default") return loaded;
  const settings = { ...loaded.settings, shutdown_timeout: HOSTED_SHUTDOWN_TIMEOUT };
  return { ...loaded, settings };
}
