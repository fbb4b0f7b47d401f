import { oneOf } from "../kinds/scalar.ts";
import type { Row } from "../row.ts";

/** What is logged, and where. */
export const logging = [
  {
    key: "level",
    flag: "--log-level <LEVEL>",
    kind: oneOf(["trace", "debug", "info", "warn", "error"]),
    default: "info",
    doc: "Least severe level that is logged.",
    example: "info",
    shorthand: {
      flag: "-v, --verbose",
      value: "debug",
      doc: "Short for --log-level debug; an explicit --log-level wins.",
    },
  },
] as const satisfies readonly Row[];
