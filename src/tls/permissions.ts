import { fileURLToPath } from "node:url";
import type { Settings } from "../config/settings.ts";
import { CACHE_VARIABLES, defaultCacheDir } from "./acme/cache_dir.ts";
import { directoryAddress } from "./acme/run_order.ts";

/** Permissions by kind, spelled as the `--allow-…` flags take them. */
export interface PermissionNeeds {
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  readonly sys: readonly string[];
}

const NOTHING: PermissionNeeds = { net: [], read: [], write: [], env: [], sys: [] };

/** What workers are started from, which must be readable like any file. */
const ACME_WORKERS: readonly string[] = ["challenge_worker.ts", "order_worker.ts"].map((name) =>
  fileURLToPath(new URL(`./acme/${name}`, import.meta.url))
);

/** The permissions that the `[tls]` settings need, beside those for the upstream and for logging. */
export function tlsPermissions(settings: Pick<Settings, "tls" | "bind_address">): PermissionNeeds {
  const { tls, bind_address: host } = settings;
  switch (tls.mode) {
    case "disabled":
      return NOTHING;
    case "manual":
      return {
        ...NOTHING,
        net: [address(host, tls.https_port)],
        read: [tls.cert_path, tls.key_path],
      };
    case "acme": {
      const cacheDir = tls.cache_dir ?? defaultCacheDir();
      const kept = cacheDir === undefined ? [] : [cacheDir];
      const ca = tls.directory_ca_file === undefined ? [] : [tls.directory_ca_file];
      return {
        net: [
          address(host, tls.https_port),
          address(host, tls.http_challenge_port),
          directoryAddress(tls.directory_url),
        ],
        read: [...kept, ...ca, ...ACME_WORKERS],
        write: kept,
        env: tls.cache_dir === undefined ? CACHE_VARIABLES : [],
        sys: [],
      };
    }
  }
}

function address(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
