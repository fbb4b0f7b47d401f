import { fileURLToPath } from "node:url";
import { adminPermissions } from "../admin/admin_server.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import { loggingPermissions } from "../logging/log_files.ts";
import { forwardProxyNeeds } from "../net/environment_proxy.ts";
import { upstreamAuthPermissions } from "../credentials/providers/registry.ts";
import { listeningPort } from "../tls/listening_port.ts";
import { portLockPermissions } from "./port_lock.ts";
import { tlsNeeds, upstreamTlsNeeds } from "../tls/permissions.ts";
import { joinPermissions, NO_PERMISSIONS, type PermissionNeeds } from "../permissions/needs.ts";
import { netAddress, netAddressOf } from "../net/address.ts";

/** What a setting needs. */
export interface SettingNeeds {
  /** The setting, or settings, as a message names them. */
  readonly setting: string;
  /** The permissions it needs. */
  readonly needs: PermissionNeeds;
}

/**
 * Deno asks for read permission on a worker's modules, because its specifier is not static: the
 * program's own sources. Guarded by `tests/integration/permissions_test.ts`.
 */
const SOURCES = fileURLToPath(new URL("..", import.meta.url));

/**
 * All that a start asks for: what the settings need, and what it looks for and can do without. With
 * these permissions, and no more, it has nothing to advise.
 */
export function exactPermissions(loaded: LoadedSettings): PermissionNeeds {
  const needs = settingsNeeds(loaded).map((part) => part.needs);
  return joinPermissions([...needs, { ...NO_PERMISSIONS, ...loaded.lookedFor }]);
}

/** Everything the supervisor needs to run with these settings, by the settings that need it. */
export function settingsNeeds({ settings, file, variables }: LoadedSettings): SettingNeeds[] {
  const need = (setting: string, needs: Partial<PermissionNeeds>): SettingNeeds => ({
    setting,
    needs: { ...NO_PERMISSIONS, ...needs },
  });
  const { setting, port } = listeningPort(settings);
  const authNeeds = upstreamAuthPermissions(settings.upstream_auth);
  const reached = [
    settings.upstream_url,
    ...authNeeds.net.map((authority) => `https://${authority}`),
    ...(settings.tls.mode === "acme" ? [settings.tls.directory_url] : []),
  ];
  return [
    need(`bind_address, ${setting}`, { net: [netAddress(settings.bind_address, port)] }),
    need("upstream_url", { net: [netAddressOf(settings.upstream_url)] }),
    need("logging.log_path", loggingPermissions(settings.logging)),
    need("state_dir", portLockPermissions(settings.state_dir)),
    need("admin.port", adminPermissions(settings.admin)),
    need("workers", { read: [SOURCES] }),
    ...(file === undefined ? [] : [need("--config", { read: [file] })]),
    ...(variables.length === 0 ? [] : [need("environment variables", { env: variables })]),
    ...upstreamTlsNeeds(settings).map((each) => need(...each)),
    need("upstream_auth", authNeeds),
    ...tlsNeeds(settings).map((each) => need(...each)),
    need("forward proxy", forwardProxyNeeds(reached)),
  ];
}
