import { bindAddress, hostName } from "./kinds/address.ts";
import { listOf } from "./kinds/compound.ts";
import { headerSecret, integer } from "./kinds/scalar.ts";
import type { Section } from "./setting.ts";

/** The listener for those who run the proxy: metrics and the status page. */
export const admin = {
  name: "admin",
  title: "Metrics and status page",
  onReload: "keep",
  settings: [
    {
      key: "bind_address",
      flag: "--admin-bind-address <ADDRESS>",
      kind: bindAddress(),
      default: "127.0.0.1",
      doc: "Address for metrics and the status page. On a network you do not trust, set a key too.",
      example: "127.0.0.1",
    },
    {
      key: "port",
      flag: "--admin-port <PORT>",
      kind: integer({ min: 0, max: 65535 }),
      absent: "off",
      doc: "Port for GET /metrics and the status page GET /. 0 lets the system pick a free one.",
      example: 9090,
    },
    {
      key: "api_key",
      flag: "--admin-api-key <KEY>",
      kind: headerSecret(),
      absent: "none",
      secret: true,
      onReload: "change",
      doc: "Key for metrics and the status page: as a bearer token, or as the password of HTTP " +
        "Basic with any user.",
      example: "${ADMIN_API_KEY}",
    },
    {
      key: "allowed_hosts",
      flag: "--admin-allowed-hosts <NAMES>",
      kind: listOf(hostName()),
      default: [],
      onReload: "change",
      doc: "Further names by which metrics and the status page may be asked for, such as a " +
        "service's. Any port goes with them.",
      example: ["claude-proxy.monitoring.svc"],
    },
  ],
} as const satisfies Section;
