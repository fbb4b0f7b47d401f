import type { HeaderList } from "../../kit/http1/message_head.ts";
import { CLIENT_KEY, UPSTREAM_KEY } from "../../kit/process/proxy_process.ts";

/**
 * What the README says of headers ("What crosses unchanged"), written down a second time as the
 * oracle of the properties.
 *
 * @module
 */

/** Every value by name; several where the lines stay apart. */
export type Fields = Map<string, string[]>;

/** Fields that no proxy passes on. */
export const HOP_BY_HOP =
  /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/;
/** What `strip_request_headers` removes where nobody sets it. */
export const INGRESS = new RegExp(`^(?:${
  [
    "forwarded$|via$|x-forwarded-|x-real-ip$|cdn-loop$|true-client-ip$",
    "cf-(?:access-(?:authenticated-user-email|jwt-assertion)$|bot-score$|cert-|connecting-|ew-via$)",
    "cf-(?:ip|ja3-hash$|ja4$|metro-code$|postal-code$|pseudo-ipv4$|ray$|region|timezone$)",
    "cf-(?:verified-bot$|visitor$|worker$)|exposed-credential-check$|malicious-uploads-detection$",
    "x-appgw-trace-id$|x-azure-|x-fd-|x-original-(?:host|url)$",
    "client-ip$|disguised-host$|was-default-hostname$|x-appservice-|x-arr-|x-client-(?:ip|port)$",
    "x-ms-(?:client-display-name$|client-principal|token-|containerapp-)|x-site-deployment-id$",
    "x-waws-unencoded-url$|x-envoy-|x-k8se-|cloudfront-|x-amz-cf-id$",
    "x-amzn-(?:apigateway-api-id$|mtls-|oidc-|tls-|trace-id$)",
    "x-appengine-|x-cloud-trace-context$|x-goog-(?:authenticated-user-|iap-)",
  ].join("|")
})`);
/** Fields that may present a key. */
export const CREDENTIALS = ["x-api-key", "api-key", "authorization"];
const NOT_COPIED = [...CREDENTIALS, "host", "accept-encoding"];

/** What `fetch` adds where the client sent none. */
const ADDED: HeaderList = [
  ["accept", "*/*"],
  ["accept-language", "*"],
  ["user-agent", `Deno/${Deno.version.deno}`],
];

/** Lines by name as it stands. */
export function fieldsOf(lines: HeaderList): Fields {
  const fields: Fields = new Map();
  for (const [name, value] of lines) fields.set(name, [...fields.get(name) ?? [], trim(value)]);
  return new Map([...fields].sort());
}

/** What the upstream sees of a request without a body; undefined where it is refused with 401. */
export function upstreamFields(lines: HeaderList, host: string): Fields | undefined {
  const sent = inLowerCase(lines);
  const cookies = sent.get("cookie"); // Joined as HTTP/2 has it (RFC 9113 §8.2.3).
  if (cookies) sent.set("cookie", [cookies.join("; ")]);
  const presented = CREDENTIALS.filter((name) => whole(sent, name));
  if (presented.length > 0 && !presented.some((name) => isOurs(name, whole(sent, name)))) {
    return undefined;
  }
  const listed = listedIn(sent);
  const kept = [...sent.keys()].filter((name) =>
    !HOP_BY_HOP.test(name) && !INGRESS.test(name) && !listed.has(name) && !NOT_COPIED.includes(name)
  );
  return fieldsOf([
    ...ADDED.filter(([name]) => !kept.includes(name)),
    ...kept.flatMap((name) => crossing(sent, name)),
    ...presented.map((name): [string, string] => [name, presenting(name, UPSTREAM_KEY)]),
    ...acceptEncoding(listed.has("accept-encoding") ? undefined : whole(sent, "accept-encoding")),
    ["host", host],
  ]);
}

/** What the client sees of a response. */
export function clientFields(lines: HeaderList): Fields {
  const sent = inLowerCase(lines);
  const listed = listedIn(sent);
  const kept = [...sent.keys()].filter((name) => !HOP_BY_HOP.test(name) && !listed.has(name));
  return fieldsOf(kept.flatMap((name) => crossing(sent, name)));
}

/** `fetch` does not decode an answer where the first line says `identity`. */
function acceptEncoding(requested: string | undefined): HeaderList {
  const own = requested === undefined || requested === "identity" ? [] : [requested];
  return ["identity", ...own].map((value) => ["accept-encoding", value]);
}

/**
 * Values of a repeated name are joined, empty ones before the first that is not left out. Set-Cookie
 * lines stay apart (RFC 9110 §5.3), in requests too, where they mean nothing.
 */
function crossing(sent: Fields, name: string): HeaderList {
  const values = sent.get(name) ?? [];
  if (name === "set-cookie") return values.map((value) => [name, value]);
  const first = values.findIndex((value) => value !== "");
  return [[name, values.slice(first === -1 ? -1 : first).join(", ")]];
}

function inLowerCase(lines: HeaderList): Fields {
  return fieldsOf(lines.map(([name, value]) => [name.toLowerCase(), value]));
}

function whole(sent: Fields, name: string): string | undefined {
  return sent.get(name)?.join(", ");
}

function listedIn(sent: Fields): Set<string> {
  const options = (whole(sent, "connection") ?? "").split(",");
  return new Set(options.map((name) => trim(name).toLowerCase()));
}

function isOurs(name: string, value = ""): boolean {
  return (name === "authorization" ? /^bearer +(.*)$/is.exec(value)?.[1] : value) === CLIENT_KEY;
}

function presenting(name: string, key: string): string {
  return name === "authorization" ? `Bearer ${key}` : key;
}

/** RFC 9110 §5.5: blanks around a value are no part of it. */
export function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}
