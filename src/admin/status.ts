import deno from "../../deno.json" with { type: "json" };
import { type ListedSetting, listSettings } from "../config/load/listing.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import type { Metrics, MetricsView } from "./metrics.ts";

/** What the status page shows. It holds no secret. */
export interface Status extends MetricsView {
  readonly version: string;
  readonly deno: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly upstream: string;
  /** As in `upstream_auth.type`. */
  readonly upstreamAuth: string;
  readonly settings: readonly ListedSetting[];
}

/** The status of this moment. */
export function statusOf(loaded: LoadedSettings, metrics: Metrics): Status {
  return {
    version: deno.version,
    deno: Deno.version.deno,
    now: Date.now(),
    upstream: loaded.settings.upstream_url,
    upstreamAuth: loaded.settings.upstream_auth.type,
    settings: listSettings(loaded),
    ...metrics.view(),
  };
}
