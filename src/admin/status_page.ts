import { createHash } from "node:crypto";
import deno from "../../deno.json" with { type: "json" };
import { type ListedSetting, listSettings } from "../config/load/loaded_settings.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import type { Metrics, MetricsView } from "./metrics.ts";
import html from "./page/page.html" with { type: "text" };
import plots from "./page/plots.js" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import style from "./page/page.css" with { type: "text" };

const wholeScript = plots + script;

/** The status page: one document that asks for nothing but `/status.json`. */
export const statusPage: string = html
  .replace("<style></style>", () => `<style>${style}</style>`)
  .replace("<script></script>", () => `<script>${wholeScript}</script>`);

/** Headers of the page. Only the style and the script that are in it may run. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "referrer-policy": "no-referrer",
  "content-security-policy": [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(wholeScript)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
};

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

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
