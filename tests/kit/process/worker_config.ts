import { server } from "../../../src/config/schema/server.ts";
import type { RequestSettings, Setting } from "../../../src/config/schema/settings.ts";
import type { WorkerConfig } from "../../../src/ipc/messages.ts";
import type { HeldCredential, UpstreamConfig } from "../../../src/upstreams/upstream.ts";

/** What differs from the defaults. */
export interface WorkerConfigParts extends Partial<Omit<WorkerConfig, "settings" | "upstream">> {
  readonly settings?: Partial<RequestSettings>;
  readonly upstream?: Partial<UpstreamConfig>;
}

/** A worker's configuration with the default of every setting, for tests without a supervisor. */
export function workerConfig(
  upstreamUrl: string,
  { settings, upstream, ...rest }: WorkerConfigParts = {},
): WorkerConfig {
  return {
    worker: 1,
    listen: { hostname: "127.0.0.1", port: 0 },
    settings: { ...DEFAULTS, ...settings },
    upstream: {
      name: "default",
      baseUrl: upstreamUrl,
      connectTimeoutMs: 10_000,
      headerTimeoutMs: 10_000,
      idleTimeoutMs: undefined,
      tokenTimeoutMs: 0,
      http2: false,
      tls: { caCerts: [] },
      proxy: undefined,
      isWayKnown: true,
      ...upstream,
    },
    acceptedKeys: [],
    abortTellsDeparture: true,
    handsOver: false,
    recordHeaders: false,
    ...rest,
  };
}

const DEFAULTS = {
  ...Object.fromEntries(
    server.settings.filter((setting: Setting) => setting.request).flatMap((setting: Setting) =>
      setting.default === undefined ? [] : [[setting.key, setting.default]]
    ),
  ),
  models: [],
} as unknown as RequestSettings;

/** A key that is always at hand, in place of a worker's holder. */
export const HELD_KEY: HeldCredential = {
  get: () => ({ kind: "api_key", key: "upstream-key", header: "auto" }),
  refused: () => {},
  isAtHand: true,
};
