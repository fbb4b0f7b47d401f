import { bindAddress } from "./kinds/address.ts";
import { integer } from "./kinds/scalar.ts";
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
      doc:
        "Address for metrics and the status page. They need no key: keep it on a network you trust.",
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
  ],
} as const satisfies Section;
