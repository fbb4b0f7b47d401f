import { FRONT_END_HEADERS } from "./front_end_headers.ts";
import { bindAddress, origin } from "./kinds/address.ts";
import { listOf, oneOrMany, wordOr } from "./kinds/compound.ts";
import {
  boolean,
  headerPattern,
  headerSecret,
  integer,
  loggedHeader,
  oneOf,
  seconds,
  text,
} from "./kinds/scalar.ts";
import type { Fault, Section } from "./setting.ts";
import { upstreamConnection, upstreamUrl } from "./upstream.ts";

/**
 * What people wrote when each entry was the beginning of names: no header is called so, and what they
 * meant to remove would cross.
 */
const FAMILIES = [
  "x-ms",
  "cf",
  ...FRONT_END_HEADERS.filter((entry) => entry.endsWith("-")).map((entry) => entry.slice(0, -1)),
];

/** Keys at the top of the file: where we listen, where we forward, who may. */
export const server = {
  name: "server",
  title: "Server",
  top: true,
  onReload: "change",
  settings: [
    {
      key: "bind_address",
      flag: "--bind-address <ADDRESS>",
      kind: bindAddress(),
      default: "0.0.0.0",
      doc:
        "Address to listen on: 0.0.0.0 for every IPv4 interface, 127.0.0.1 for this machine only.",
      example: "0.0.0.0",
      onReload: "keep",
    },
    {
      key: "port",
      flag: "-p, --port <PORT>",
      kind: integer({ min: 0, max: 65535 }),
      default: 8080,
      doc: "Port to listen on. 0 lets the system pick a free one.",
      example: 8080,
      onReload: "keep",
    },
    upstreamUrl,
    {
      key: "client_api_key",
      flag: "--client-api-key <KEY>",
      kind: oneOrMany(headerSecret()),
      required: true,
      secret: true,
      doc: "Key that clients must present, in x-api-key, api-key or Authorization: Bearer. " +
        'A list accepts each of its keys, as while one replaces another: ["old", "new"].',
      example: "${CLIENT_API_KEY}",
    },
    {
      key: "unauthenticated",
      flag: "--unauthenticated <POLICY>",
      kind: oneOf(["passthrough", "reject"]),
      default: "passthrough",
      doc: "What becomes of a request that presents no key: passthrough forwards it without our " +
        "upstream credentials, reject answers 401.",
      example: "reject",
      request: true,
    },
    {
      key: "strip_request_headers",
      flag: "--strip-request-headers <NAMES>",
      kind: listOf(headerPattern(FAMILIES)),
      default: FRONT_END_HEADERS,
      defaultName: "what front ends add",
      doc: "Request headers that are not forwarded: whole names, and with - or * at the end the " +
        "beginning of names. Separated by commas in a flag or a variable; an empty list forwards " +
        "them all. A list takes the place of the default, which config.example.toml shows.",
      example: FRONT_END_HEADERS,
      request: true,
    },
    ...upstreamConnection,
    {
      key: "max_request_body",
      flag: "--max-request-body <BYTES>",
      kind: integer({ min: 1 }),
      absent: "off",
      doc: "Largest request body in bytes; a larger one is answered 413.",
      example: 33554432,
      request: true,
    },
    {
      key: "health_endpoints",
      flag: "--health-endpoints <true|false>",
      kind: boolean(),
      default: true,
      doc:
        "Answer GET /healthz and GET /readyz ourselves, without a key, instead of forwarding them.",
      example: true,
      request: true,
    },
    {
      key: "request_id_headers",
      flag: "--request-id-headers <NAMES>",
      kind: listOf(loggedHeader()),
      default: ["x-request-id", "x-client-request-id"],
      doc: "Request headers in which clients name their requests: the first sane value is the " +
        "request's id in the log. Separated by commas in a flag or a variable; with an empty list " +
        "every id is one of ours.",
      example: ["x-request-id", "x-client-request-id"],
      request: true,
    },
    {
      key: "cors_origins",
      flag: "--cors-origins <ORIGINS>",
      kind: listOf(origin()),
      default: [],
      defaultName: "off",
      doc: "Origins of web pages that may call the proxy from a browser: their preflights are " +
        "answered without a key, and they can read the proxy's own errors. Forwarded answers carry " +
        "the upstream's own CORS headers. Separated by commas in a flag or a variable.",
      example: ["https://app.example.com"],
      request: true,
    },
    {
      key: "shutdown_timeout",
      flag: "--shutdown-timeout <SECONDS>",
      kind: seconds({ zero: true }),
      default: 600,
      doc: "Seconds that running requests get to finish after a signal to stop.",
      example: 600,
    },
    {
      key: "memory_limit",
      flag: "--memory-limit <BYTES>",
      kind: integer({ min: 134_217_728 }),
      absent: "off",
      doc:
        "Most resident memory of the whole process in bytes. Above it a request worker is replaced, " +
        "and its streams end: one that no longer answers, else the one with the most requests.",
      example: 1073741824,
    },
    {
      key: "state_dir",
      flag: "--state-dir <PATH>",
      kind: text("expected the path of a directory"),
      absent: "off",
      doc: "Directory for what processes on one port have in common, made if it is missing. With " +
        "it a second start with the same address takes over, and the first process ends when its " +
        "requests have. On Linux, by the same user.",
      example: "/var/lib/claude-proxy/state",
      onReload: "keep",
    },
    {
      key: "workers",
      flag: "--workers <N>",
      kind: wordOr("auto", integer({ min: 1, max: 256 })),
      default: "auto",
      doc: "Request workers. auto is one a core and at most 4 on Linux, and 1 elsewhere.",
      example: "auto",
      onReload: "keep",
    },
  ],
  validateAll: ({ unauthenticated, upstream_client_cert_path: certificate }) =>
    certificate !== undefined && unauthenticated === "passthrough" ? [FOR_STRANGERS] : [],
} as const satisfies Section;

/** The certificate belongs to connections, which requests share, so nothing could withhold it. */
const FOR_STRANGERS: Fault = {
  at: ["upstream_client_cert_path"],
  wrong: 'expected unauthenticated = "reject" beside it: with "passthrough" strangers are let ' +
    "through to the upstream, which would take them for us by this certificate",
};
