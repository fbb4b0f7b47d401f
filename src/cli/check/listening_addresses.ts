import type { Settings } from "../../config/schema/settings.ts";
import { netAddress } from "../../net/address.ts";
import { listeningPort } from "../../tls/listening_port.ts";
import type { CheckResult } from "./result.ts";

/** An address that a start listens on. */
interface Listener {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** The setting that names the port. */
  readonly setting: string;
}

/** Whether the addresses to listen on are free, found out by listening on all of them for a moment. */
export function checkListeningAddresses(settings: Settings): CheckResult[] {
  const held: Deno.Listener[] = [];
  const results = listenersOf(settings).map((listener) => checkListener(listener, held));
  for (const listener of held) listener.close();
  return results;
}

function listenersOf({ bind_address: hostname, admin, ...settings }: Settings): Listener[] {
  const { tls } = settings;
  return [
    { name: "listening address", hostname, ...listeningPort(settings) },
    ...(tls.mode !== "acme" ? [] : [{
      name: "challenge address",
      hostname,
      port: tls.http_challenge_port,
      setting: "tls.http_challenge_port",
    }]),
    ...(admin.port === undefined ? [] : [{
      name: "admin address",
      hostname: admin.bind_address,
      port: admin.port,
      setting: "admin.port",
    }]),
  ];
}

function checkListener(
  { name, hostname, port, setting }: Listener,
  held: Deno.Listener[],
): CheckResult {
  const address = netAddress(hostname, port);
  try {
    held.push(Deno.listen({ hostname, port }));
    return { name, ok: true, text: `${address} is free` };
  } catch (error) {
    const text = error instanceof Deno.errors.AddrInUse
      ? `${address} is in use: stop what listens there, or set ${setting}`
      : `${address} cannot be used: ${String(error)}`;
    return { name, ok: false, text };
  }
}
