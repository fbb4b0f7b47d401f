import type { LoadedSettings } from "../../config/load/load.ts";
import type { LoggingSettings, Settings, TlsSettings } from "../../config/schema/settings.ts";
import { netAddress } from "../../net/address.ts";
import { type ListeningAddress, listeningFailure } from "../../net/listening_failure.ts";
import { hasPredecessor } from "../../supervisor/handover.ts";
import { preflight } from "../../supervisor/preflight.ts";
import { AUTHORITY_WARNING, CertificateError } from "../../tls/certificate.ts";
import { loadCertificateFiles } from "../../tls/certificate_files.ts";
import { expiryText } from "../../tls/expiry_warning.ts";
import { listeningPort } from "../../tls/listening_port.ts";
import type { CheckResult } from "./report.ts";

/** Whether every permission that the settings need is granted. */
export function checkPermissions(loaded: LoadedSettings): CheckResult {
  const { missing, warnings } = preflight(loaded);
  return {
    name: "permissions",
    ok: missing === undefined,
    text: missing ?? (warnings.join("; ") || "everything the settings need is granted"),
  };
}

/** An address that a start listens on. */
interface Listener extends ListeningAddress {
  readonly name: string;
}

/**
 * Whether the addresses to listen on are free, found out by listening on all of them for a moment, or
 * held by a process that a start takes over from.
 */
export function checkListeningAddresses(settings: Settings): CheckResult[] {
  const held: Deno.Listener[] = [];
  const isOurs = hasPredecessor(settings);
  const results = listenersOf(settings).map((listener) => checkListener(listener, held, isOurs));
  for (const listener of held) listener.close();
  return results;
}

function listenersOf({ bind_address: hostname, admin, ...settings }: Settings): Listener[] {
  const { tls } = settings;
  const host = { hostname, hostSetting: "bind_address" };
  return [
    { name: "listening address", ...host, ...listeningPort(settings) },
    ...(tls.mode !== "acme" ? [] : [{
      name: "challenge address",
      ...host,
      port: tls.http_challenge_port,
      setting: "tls.http_challenge_port",
    }]),
    ...(admin.port === undefined ? [] : [{
      name: "admin address",
      hostname: admin.bind_address,
      port: admin.port,
      setting: "admin.port",
      hostSetting: "admin.bind_address",
    }]),
  ];
}

function checkListener(
  listener: Listener,
  held: Deno.Listener[],
  isOurs: boolean,
): CheckResult {
  const { name, hostname, port } = listener;
  try {
    held.push(Deno.listen({ hostname, port }));
    return { name, ok: true, text: `${netAddress(hostname, port)} is free` };
  } catch (error) {
    if (isOurs && error instanceof Deno.errors.AddrInUse) {
      const text = `${netAddress(hostname, port)} is a running proxy's, which a start takes over`;
      return { name, ok: true, text };
    }
    return { name, ok: false, text: listeningFailure(listener, error) };
  }
}

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

/** Whether there is a certificate to serve, and until when; nothing without TLS. */
export async function checkCertificate({ tls }: Settings): Promise<CheckResult[]> {
  switch (tls.mode) {
    case "disabled":
      return [];
    case "manual":
      return [await checked(() => certificateFilesText(tls, Date.now()))];
    case "acme": {
      const { cachedCertificateText } = await import("../../tls/acme/open_acme.ts");
      return [await checked(() => cachedCertificateText(tls, Date.now()))];
    }
  }
}

async function certificateFilesText(
  { cert_path: certPath, key_path: keyPath }: Extract<TlsSettings, { mode: "manual" }>,
  now: number,
): Promise<string> {
  const { names, notAfter, isAuthority } = await loadCertificateFiles({ certPath, keyPath }, now);
  const text = `for ${names.join(", ")}: ${expiryText(notAfter, now)}`;
  return isAuthority ? `${text}; ${AUTHORITY_WARNING}` : text;
}

/** @param look what throws a {@linkcode CertificateError} where a start would fail */
async function checked(look: () => Promise<string>): Promise<CheckResult> {
  try {
    return { name: "certificate", ok: true, text: await look() };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { name: "certificate", ok: false, text: error.message };
  }
}
