import type { Settings } from "../config/settings.ts";
import { listeningPort } from "../tls/listening_port.ts";
import { netAddress } from "../permissions/needs.ts";
import type { CheckResult } from "./result.ts";

/** Whether the address to listen on is free, found out by listening on it for a moment. */
export function checkListeningAddress(settings: Settings): CheckResult {
  const { bind_address } = settings;
  const { setting, port } = listeningPort(settings);
  const name = "listening address";
  const address = netAddress(bind_address, port);
  try {
    Deno.listen({ hostname: bind_address, port }).close();
    return { name, ok: true, text: `${address} is free` };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      return {
        name,
        ok: false,
        text: `${address} is in use: stop what listens there, or set ${setting}`,
      };
    }
    return { name, ok: false, text: `${address} cannot be used: ${String(error)}` };
  }
}
