import { StartError } from "../config/load/start_error.ts";
import type { Settings } from "../config/schema/settings.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import { netAddress } from "../net/address.ts";
import { type ListeningAddress, listeningFailure } from "../net/listening_failure.ts";
import { listeningPort } from "../tls/listening_port.ts";

/** Where requests come in. */
export function listeningAddress(settings: Settings): ListeningAddress {
  const { bind_address: hostname } = settings;
  const remedy = isLinux ? "have it hand over (state_dir)" : undefined;
  return { hostname, hostSetting: "bind_address", remedy, ...listeningPort(settings) };
}

/** Whether a start takes over from a running process, and may be taken over from. */
export function handsOver(settings: Settings): boolean {
  return isLinux && settings.state_dir !== undefined && listeningPort(settings).port !== 0;
}

/**
 * The address to listen on, its port picked by the system where the setting is 0. Workers share the
 * port with `reusePort`, which would also share it with another program of the same user: binding it
 * without that first tells when it is taken.
 *
 * @param isHandedOver whether it is taken by a process that hands it over
 * @throws {StartError} when it cannot be listened on
 */
export function freeAddress(settings: Settings, isHandedOver: boolean): WorkerConfig["listen"] {
  const address = listeningAddress(settings);
  const { hostname, port } = address;
  if (isHandedOver) return { hostname, port };
  try {
    using listener = Deno.listen({ hostname, port });
    return { hostname, port: listener.addr.port };
  } catch (error) {
    throw cannotListen(address, error);
  }
}

/** The error of a start that fails because an address cannot be listened on. */
export function cannotListen(address: ListeningAddress, error: unknown): StartError {
  return new StartError([`cannot listen: ${listeningFailure(address, error)}`], {
    exitCode: 1,
    fields: { address: netAddress(address.hostname, address.port), reason: String(error) },
  });
}

/** Only Linux gives each of the processes on a port its share of the connections. */
const isLinux = Deno.build.os === "linux";
