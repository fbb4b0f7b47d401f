import fc from "fast-check";
import type { HeaderList } from "../../kit/http1/message_head.ts";
import { CLIENT_KEY } from "../../kit/process/proxy_process.ts";

/** A name of each kind that something on the way may treat in a way of its own. */
const KNOWN_NAMES = [
  ...["accept", "accept-language", "user-agent", "content-type", "range", "referer", "origin"],
  ...[
    "cookie",
    "set-cookie",
    "date",
    "via",
    "cache-control",
    "content-language",
    "expires",
    "from",
  ],
  ...[
    "access-control-request-method",
    "sec-fetch-mode",
    "dnt",
    "location",
    "server",
    "vary",
    "etag",
  ],
  ...[
    "forwarded",
    "x-forwarder",
    "x-forwarded-for",
    "x-envoy-a",
    "x-k8se-a",
    "x-ms-client-principal-id",
    "x-ms-client-request-id",
    "x-ms-oai-image-generation-deployment",
    "cf-ray",
    "cf-aig-metadata",
    "true-client-ip",
    "x-real-ip",
    "xx-ms",
  ],
  ...["keep-alive", "te", "trailer", "proxy-connection", "proxy-authorization", "proxy-x", "proxy"],
  ...["www-authenticate", "x_api_key", "__proto__", "constructor", "anthropic-version", "priority"],
];
const TCHAR = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Names over all of `tchar` (RFC 9110 §5.6.2); few enough short ones that some come twice. */
export function name(): fc.Arbitrary<string> {
  const token = fc.string({ unit: fc.constantFrom(...TCHAR), minLength: 1, maxLength: 12 })
    .filter((name) => !FRAMING.includes(name.toLowerCase()));
  return fc.oneof(
    { weight: 2, arbitrary: mixedCase(fc.constantFrom("x-a", "x-b", "x-c")) },
    { weight: 4, arbitrary: mixedCase(fc.constantFrom(...KNOWN_NAMES)) },
    { weight: 2, arbitrary: token.map((name) => `x${name}`) },
    { weight: 1, arbitrary: token },
  );
}

/** Names that have properties or tests of their own. */
const FRAMING = ["host", "content-length", "transfer-encoding", "upgrade", "expect", "connection"]
  .concat("accept-encoding", "x-api-key", "api-key", "authorization");

/** Values over every byte that RFC 9110 §5.5 allows, blanks at either end among them. */
export function value(): fc.Arbitrary<string> {
  const char = fc.oneof(
    { weight: 4, arbitrary: between(0x21, 0x7e) },
    { weight: 1, arbitrary: fc.constantFrom(" ", "\t", ",", ";", '"', "\\", "=") },
    { weight: 1, arbitrary: between(0x80, 0xff) },
  );
  return fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: char, maxLength: 24 }) },
    { weight: 1, arbitrary: fc.string({ unit: char, minLength: 500, maxLength: 1_000 }) },
  );
}

/** `Connection` with names that other lines have, and with what is no name. */
export function connection(): fc.Arbitrary<HeaderList[number]> {
  const option = fc.oneof(
    name(),
    mixedCase(fc.constantFrom("close", "keep-alive", "x-api-key", "")),
  );
  const separator = fc.constantFrom(",", ", ", " ,\t");
  return fc.tuple(fc.array(option, { maxLength: 4 }), separator)
    .map(([options, separator]) => ["Connection", options.join(separator)]);
}

/** A line that presents a key: ours, another, or something that is nearly ours. */
export function credential(): fc.Arbitrary<HeaderList[number]> {
  const key = fc.constantFrom(
    CLIENT_KEY,
    CLIENT_KEY,
    "wrong",
    "",
    `${CLIENT_KEY}x`,
    ` ${CLIENT_KEY} `,
  );
  const scheme = fc.constantFrom("Bearer ", "bearer  ", "BEARER ", "Basic ", "Bearer", "");
  return fc.oneof(
    fc.tuple(mixedCase(fc.constantFrom("x-api-key", "api-key")), key),
    fc.tuple(
      mixedCase(fc.constant("authorization")),
      fc.tuple(scheme, key).map((it) => it.join("")),
    ),
  );
}

function between(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((code) => String.fromCharCode(code));
}

function mixedCase(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.mixedCase(text);
}
