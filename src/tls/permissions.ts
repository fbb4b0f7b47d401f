import type { Settings } from "../config/schema/settings.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";
import { netAddress, netAddressOf } from "../net/address.ts";
import type { UpstreamTlsSettings } from "./upstream_tls.ts";
import { CACHE_VARIABLES, defaultCacheDir } from "./acme/cache_dir.ts";

/** A setting that names a file, an address or a directory, and what it needs. */
export type TlsNeed = readonly [setting: string, needs: Partial<PermissionNeeds>];

const UPSTREAM_FILES = [
  "upstream_ca_file",
  "upstream_client_cert_path",
  "upstream_client_key_path",
] as const;

/** The permissions that TLS with the upstream needs. */
export function upstreamTlsNeeds(settings: UpstreamTlsSettings): TlsNeed[] {
  return UPSTREAM_FILES.flatMap((setting) => {
    const path = settings[setting];
    return path === undefined ? [] : [[setting, { read: [path] }] as const];
  });
}

/** The permissions that the `[tls]` settings need, beside that for the listening address. */
export function tlsNeeds(settings: Pick<Settings, "tls" | "bind_address">): TlsNeed[] {
  const { tls, bind_address: host } = settings;
  switch (tls.mode) {
    case "disabled":
      return [];
    case "manual":
      return [
        ["tls.cert_path", { read: [tls.cert_path] }],
        ["tls.key_path", { read: [tls.key_path] }],
      ];
    case "acme":
      return [
        ["tls.http_challenge_port", { net: [netAddress(host, tls.http_challenge_port)] }],
        ["tls.directory_url", { net: [netAddressOf(tls.directory_url)] }],
        ["tls.cache_dir", cacheNeeds(tls.cache_dir)],
        ...(tls.directory_ca_file === undefined
          ? []
          : [["tls.directory_ca_file", { read: [tls.directory_ca_file] }] as const]),
      ];
  }
}

function cacheNeeds(configured: string | undefined): Partial<PermissionNeeds> {
  if (configured !== undefined) return { read: [configured], write: [configured] };
  const directory = defaultCacheDir();
  const kept = directory === undefined ? [] : [directory];
  return { read: kept, write: kept, env: CACHE_VARIABLES };
}
