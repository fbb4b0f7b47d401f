import { type HeaderList, headerValues } from "../../kit/http1/message_head.ts";
import { CREDENTIALS } from "../properties/documented.ts";
import type { Defect, SentRequest } from "./cases.ts";
import type { RefusalClass } from "./classes.ts";
import { hasUnderscoredKey } from "./header_lists.ts";
import type { Outcome } from "./side.ts";

/** Where at least one of the two refuses, or is refused: the first that explains it counts. */
export const REFUSALS: readonly RefusalClass[] = [
  {
    name: "target that the URL parser rewrites",
    why:
      "fetch could only send it altered, so the proxy refuses; nginx sends it, even where it is " +
      "no HTTP.",
    explains: ({ request }, ours, nginx) =>
      ours.refusal === "400" && isRewritten(request) && crosses(nginx),
  },
  {
    name: "method that fetch cannot send",
    why: "405 of the proxy's; nginx knows no such limit.",
    explains: ({ request }, ours, nginx) =>
      ours.refusal === "405" && isUnknown(request.method) && crosses(nginx),
  },
  {
    name: "body on GET or HEAD",
    why: "fetch cannot send it, so the proxy refuses instead of losing it; nginx sends it.",
    explains: ({ request }, ours, nginx) =>
      ours.refusal === "400" && /^(?:GET|HEAD)$/.test(request.method) &&
      request.headers.some(announcesBody) && crosses(nginx),
  },
  {
    name: "target that nginx refuses",
    why: "nginx decodes the path to find its location and refuses what it cannot decode or what " +
      "leaves the root; the proxy hands it on undecoded.",
    explains: ({ request }, ours, nginx) =>
      crosses(ours) && nginx.refusal === "400" && isUndecodable(request.target),
  },
  {
    name: "repeated field that nginx wants once",
    why: "nginx refuses a second If-None-Match, Range and the like; the proxy joins them.",
    explains: ({ request }, ours, nginx) =>
      crosses(ours) && nginx.refusal === "400" && hasRepeated(request.headers),
  },
  {
    name: "method that nginx refuses",
    why: "nginx takes capitals, _ and -, the proxy any token of capitals.",
    explains: ({ request }, ours, nginx) =>
      crosses(ours) && nginx.refusal === "400" && !/^[A-Z_-]+$/.test(request.method),
  },
  {
    name: "x_api_key taken for x-api-key",
    why:
      "nginx's $http_x_api_key is the first of either; to the proxy, x_api_key is no place for a " +
      "key: it refuses one that would authenticate, and passes on any other.",
    explains: ({ request }, ours, nginx) =>
      crosses(ours) !== crosses(nginx) && [ours, nginx].some((one) => one.refusal === "401") &&
      hasUnderscoredKey(request.headers),
  },
  {
    name: "key given twice",
    why:
      "nginx looks at the first line, the proxy at all of them joined, which is no key of anyone's.",
    explains: ({ request }, ours, nginx) =>
      ours.refusal === "401" && crosses(nginx) &&
      CREDENTIALS.some((name) => headerValues(request.headers, name).length > 1),
  },
  ofDefects(
    "request that nginx repairs",
    "nginx drops a line without a colon, takes HTTP/1.2 for 1.1 and skips a second space; the proxy " +
      "refuses.",
    ["request: no colon", "request: HTTP/1.2", "request: two spaces"],
    (ours, nginx) => ours.refusal === "400" && nginx.refusal === undefined,
  ),
  ofDefects(
    "request that nginx sends on malformed",
    "With ignore_invalid_headers off, nginx sends names and values that are none; the proxy refuses.",
    ["request: control in a value", "request: non-ASCII name", "request: odd name"],
    (ours, nginx) => ours.refusal === "400" && nginx.malformed !== undefined,
  ),
  ofDefects(
    "too many request lines",
    "Deno.serve takes 128; nginx counts bytes, not lines.",
    ["request: many lines"],
    (ours, nginx) => ours.refusal === "400" && nginx.refusal === undefined,
  ),
  ofDefects(
    "no Host",
    "nginx wants one (RFC 9112 §3.2); the proxy does without, for the upstream gets its own.",
    ["request: no Host", "request: empty Host"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === "400",
  ),
  ofDefects(
    "response that nginx passes on malformed",
    "The client gets what the upstream sent, be it HTTP or not; the proxy answers 502.",
    [
      "response: control in a value",
      "response: non-ASCII name",
      "response: no status line",
      "response: status 99",
      "response: status 1000",
    ],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === MALFORMED,
  ),
  ofDefects(
    "response that nginx repairs or does not mind",
    "A line without a colon, an odd length, a length beside chunks, a coding besides them, HTTP/2.0, " +
      "a status past 599; the proxy answers 502.",
    [
      "response: no colon",
      "response: length and chunked",
      "response: unknown transfer coding",
      "response: length that is none",
      "response: two lengths",
      "response: HTTP/2.0",
      "response: status 600",
    ],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === undefined,
  ),
  ofDefects(
    "no blank behind the status",
    "nginx passes the line on as it is, the proxy writes one of its own (RFC 9112 §4).",
    ["response: no reason"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === MALFORMED,
  ),
  ofDefects(
    "too many response lines",
    "hyper takes 100 from an upstream; nginx counts bytes, not lines.",
    ["response: many lines"],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === undefined,
  ),
  ofDefects(
    "long response head",
    "nginx takes what fits proxy_buffer_size, here 64 KB; the proxy takes more.",
    ["response: long head"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === "502",
  ),
  {
    name: "both refuse, for another reason first",
    why: "Each checks in an order of its own.",
    explains: (_, ours, nginx) => !crosses(ours) && !crosses(nginx),
  },
];

const MALFORMED = "malformed response";

/** Of exchanges with one of these defects and nothing else wrong. */
function ofDefects(
  name: string,
  why: string,
  defects: readonly Defect[],
  explains: (ours: Outcome, nginx: Outcome) => boolean,
): RefusalClass {
  return {
    name,
    why,
    defects,
    explains: ({ defect }, ours, nginx) =>
      defect !== undefined && defects.includes(defect) && explains(ours, nginx),
  };
}

function crosses({ request, malformed }: Outcome): boolean {
  return request !== undefined || malformed !== undefined;
}

/** By what stands behind the authority in absolute-form. */
function isRewritten({ method, target }: SentRequest): boolean {
  if (method === "OPTIONS" && target === "/*") return true;
  const sent = target.replace(/^http:\/\/[^/]*/, "");
  return sent.includes("#") || URL.parse(`http://h${sent}`)?.href !== `http://h${sent}`;
}

function isUnknown(method: string): boolean {
  return ["CONNECT", "TRACE", "TRACK"].includes(method) || method !== method.toUpperCase();
}

function hasRepeated(lines: HeaderList): boolean {
  const names = lines.map(([name]) => name.toLowerCase());
  return new Set(names).size < names.length;
}

function isUndecodable(target: string): boolean {
  const [path = ""] = target.split("?");
  const decoded = path.replace(
    /%([0-9A-Fa-f]{2})/g,
    (_, code) => String.fromCharCode(parseInt(code, 16)),
  );
  return /%(?![0-9A-Fa-f]{2})|%00/.test(path) || /(?:^|\/)\.\.(?:\/|$)/.test(decoded);
}

function announcesBody([name, value]: HeaderList[number]): boolean {
  return /^transfer-encoding$/i.test(name) || (/^content-length$/i.test(name) && value !== "0");
}
