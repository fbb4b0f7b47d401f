import type { Settings } from "../config/schema/settings.ts";

/** The setting that names the port requests come in on: `port`, or with TLS `tls.https_port`. */
export function listeningPort({ port, tls }: Pick<Settings, "port" | "tls">): {
  readonly setting: string;
  readonly port: number;
} {
  return tls.mode === "disabled"
    ? { setting: "port", port }
    : { setting: "tls.https_port", port: tls.https_port };
}
