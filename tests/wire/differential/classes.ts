import { STATUS_CODES } from "node:http";
import { type HeaderList, headerValues } from "../../kit/message_head.ts";
import { CREDENTIALS, HOP_BY_HOP, INGRESS, trim } from "../properties/documented.ts";
import type { Case, RequestDefect, ResponseDefect, SentRequest } from "./cases.ts";
import type { Outcome, SeenRequest, SeenResponse } from "./side.ts";

/** Why the proxy and nginx do not do the same. */
export interface DifferenceClass {
  name: string;
  /** One sentence. */
  why: string;
}

/** One of them refuses, or each for another reason. */
export interface RefusalClass extends DifferenceClass {
  explains(test: Case, ours: Outcome, nginx: Outcome): boolean;
}

/** Both let the message through, and one of them changes it. */
export interface Rewriting<View> extends DifferenceClass {
  /** Turns what came through nginx into what has to come through the proxy. */
  apply(view: View, ours: View, test: Case): View;
}

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
    why: "nginx's $http_x_api_key is the first of either; to the proxy, x_api_key is a header " +
      "like any other.",
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
    ["no colon", "HTTP/1.2", "two spaces"],
    (ours, nginx) => ours.refusal === "400" && nginx.refusal === undefined,
  ),
  ofDefects(
    "request that nginx sends on malformed",
    "With ignore_invalid_headers off, nginx sends names and values that are none; the proxy refuses.",
    ["control in a value", "non-ASCII name", "odd name"],
    (ours, nginx) => ours.refusal === "400" && nginx.malformed !== undefined,
  ),
  ofDefects(
    "too many request lines",
    "Deno.serve takes 128; nginx counts bytes, not lines.",
    ["many lines"],
    (ours, nginx) => ours.refusal === "400" && nginx.refusal === undefined,
  ),
  ofDefects(
    "no Host",
    "nginx wants one (RFC 9112 §3.2); the proxy does without, for the upstream gets its own.",
    ["no Host", "empty Host"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === "400",
  ),
  ofDefects(
    "the same length twice",
    "RFC 9112 §6.3 lets a server refuse it, as nginx does, or take it for one, as hyper does.",
    ["length twice"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === "400",
  ),
  ofDefects(
    "response that nginx passes on malformed",
    "The client gets what the upstream sent, be it HTTP or not; the proxy answers 502.",
    ["control in a value", "non-ASCII name", "no status line", "status 99", "status 1000"],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === MALFORMED,
  ),
  ofDefects(
    "response that nginx repairs or does not mind",
    "A line without a colon, an odd length, HTTP/2.0, a status past 599; the proxy answers 502.",
    ["no colon", "length that is none", "two lengths", "HTTP/2.0", "status 600"],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === undefined,
  ),
  ofDefects(
    "no blank behind the status",
    "nginx passes the line on as it is, the proxy writes one of its own (RFC 9112 §4).",
    ["no reason"],
    (ours, nginx) => ours.refusal === undefined && nginx.refusal === MALFORMED,
  ),
  ofDefects(
    "too many response lines",
    "hyper takes 100; nginx counts bytes, not lines.",
    ["many lines"],
    (ours, nginx) => ours.refusal === "502" && nginx.refusal === undefined,
  ),
  ofDefects(
    "long response head",
    "nginx takes what fits proxy_buffer_size, the proxy about 400 KB.",
    ["long head"],
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
  defects: readonly (RequestDefect | ResponseDefect)[],
  explains: (ours: Outcome, nginx: Outcome) => boolean,
): RefusalClass {
  return {
    name,
    why,
    explains: ({ request, response }, ours, nginx) => {
      const defect = request.defect ?? response.defect;
      return defect !== undefined && defects.includes(defect) && explains(ours, nginx);
    },
  };
}

function isAmbiguous(lines: HeaderList, name: string): boolean {
  return headerValues(lines, name).length > 1 || (name === "x-api-key" && hasUnderscoredKey(lines));
}

function hasUnderscoredKey(lines: HeaderList): boolean {
  return lines.some(([name]) => /^x_api_key$/i.test(name));
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

/** From what the upstream saw behind nginx to what it has to see behind the proxy, step by step. */
export const REQUEST_REWRITINGS: readonly Rewriting<SeenRequest>[] = [
  onHeaders(
    "request names in lower case",
    "The Fetch standard's headers have no case, nginx keeps it.",
    inLowerCase,
  ),
  onHeaders(
    "key in x_api_key, or in two lines",
    "nginx presents its own key for one in x_api_key, and not for one behind an empty line.",
    (lines, ours, { request }) =>
      CREDENTIALS.reduce(
        (lines, name) =>
          isAmbiguous(request.headers, name) ? [...without(lines, name), ...of(ours, name)] : lines,
        lines,
      ),
  ),
  onHeaders(
    "repeated request lines joined",
    "The Fetch standard joins values with a comma (cookies with a semicolon), nginx keeps the lines.",
    (lines) => joined(lines, "; "),
  ),
  onHeaders(
    "hop-by-hop request fields removed",
    "nginx passes on proxy-*, trailer and what Connection lists.",
    (lines, _, test) => withoutHopByHop(lines, test.request.headers),
  ),
  onHeaders(
    "identity in front of Accept-Encoding",
    "It keeps fetch from decoding the answer.",
    (lines) => withIdentity(lines),
  ),
  onHeaders(
    "accept, accept-language and user-agent added",
    "fetch sends them where the client has not; nginx adds nothing.",
    (lines, ours) => [
      ...lines,
      ...ADDED.filter((name) => !has(lines, name)).flatMap((name) => of(ours, name)),
    ],
  ),
  onHeaders(
    "ingress fields removed",
    "strip_request_headers has a default, nginx has none.",
    (lines) => lines.filter(([name]) => !INGRESS.test(name)),
  ),
  onHeaders(
    "no content-length: 0 on GET and HEAD",
    "fetch has no body for them; nginx passes the field on.",
    (lines, _, { request }) =>
      /^(?:GET|HEAD)$/.test(request.method)
        ? lines.filter(([name, value]) => name !== "content-length" || value !== "0")
        : lines,
  ),
  onHeaders(
    "content-length: 0 on POST and PUT",
    "fetch adds it where there is no body (Fetch standard §4.6); nginx adds nothing.",
    (lines, _, { request }) =>
      /^(?:POST|PUT)$/.test(request.method) && !has(lines, "content-length") &&
        !has(lines, "transfer-encoding")
        ? [...lines, ["content-length", "0"]]
        : lines,
  ),
  onHeaders(
    "chunked upload that came at once",
    "nginx sends it on with a content-length, the proxy chunked, as it came.",
    (lines, ours, { request }) =>
      has(ours, "transfer-encoding") &&
        headerValues(request.headers, "transfer-encoding").length > 0
        ? [...without(lines, "content-length"), ["transfer-encoding", "chunked"]]
        : lines,
  ),
  onHeaders(
    "expect passed on",
    "nginx answers it itself and removes it; the proxy does both.",
    (lines, ours) => [...lines, ...of(ours, "expect")],
  ),
  onHeaders(
    "order of request names",
    "The Fetch standard sorts them; nginx keeps their order, but for those it sets itself.",
    inOrderOf,
  ),
];

/** From what the client saw behind nginx to what it has to see behind the proxy, step by step. */
export const RESPONSE_REWRITINGS: readonly Rewriting<SeenResponse>[] = [
  onHeaders(
    "response names in lower case",
    "The Fetch standard's headers have no case, nginx keeps it.",
    inLowerCase,
  ),
  onHeaders(
    "repeated or empty Content-Type",
    "nginx keeps the last one, if it says anything; the proxy treats it like any other.",
    (lines, _, { request, response }) => {
      const types = of(inLowerCase(response.headers), "content-type");
      const raw = response.interim !== "" && request.method !== "HEAD";
      const usual = types.length === 1 && types[0]?.[1] !== "";
      return usual || raw ? lines : [...without(lines, "content-type"), ...types];
    },
  ),
  onHeaders(
    "name of odd characters only",
    "nginx loses a response header whose name has no letter, digit, _ or - in it.",
    (lines, _, { response }) => [
      ...lines,
      ...response.headers.filter(([name]) => /^[^a-z0-9_-]+$/i.test(name) && !has(lines, name)),
    ],
  ),
  onHeaders(
    "repeated response lines joined",
    "As above, but for Set-Cookie.",
    (lines) => joined(lines, ", "),
  ),
  {
    name: "standard reason phrase",
    why: "The Fetch API hands on no reason of its own choice; nginx passes it on.",
    apply: (view) => ({ ...view, reason: REASONS[view.status] ?? STATUS_CODES[view.status] ?? "" }),
  },
  onHeaders(
    "hop-by-hop response fields removed",
    "nginx passes on proxy-*, trailer, upgrade and what Connection lists.",
    (lines, _, test) => withoutHopByHop(lines, test.response.headers),
  ),
  {
    name: "1xx of the upstream's swallowed",
    why:
      "fetch gives none; nginx 1.22 takes one for the final response and the rest for its body, " +
      "raw and in its own framing.",
    apply: (view, ours, { request, response }) => {
      if (response.interim === "" || request.method === "HEAD") return view;
      const framed = ours.headers.filter(([name]) => FRAMING.includes(name));
      const headers = [...view.headers.filter(([name]) => !FRAMING.includes(name)), ...framed];
      return { ...view, headers, interim: ours.interim, ended: ours.ended, trailers: [] };
    },
  },
  {
    name: "100 Continue of one's own",
    why:
      "nginx sends it to every HTTP/1.1 client that expects it, Deno.serve where a body is read.",
    apply: (view, ours, { request }) =>
      headerValues(request.headers, "expect").length > 0
        ? { ...view, interim: ours.interim }
        : view,
  },
  {
    name: "HTTP/1.0 answered in kind",
    why: "hyper answers HTTP/1.0 with HTTP/1.0, nginx with HTTP/1.1.",
    apply: (view, _, { request }) => ({ ...view, version: request.version.slice("HTTP/".length) }),
  },
  onHeaders(
    "date added",
    "RFC 9110 §6.6.1 wants it of an origin server; nginx adds its own only where it may replace the upstream's.",
    (lines, ours) => has(lines, "date") ? lines : [...lines, ...of(ours, "date")],
  ),
  onHeaders(
    "Connection is each one's own",
    "nginx announces keep-alive to HTTP/1.1 clients, and ends connections by its own rules.",
    (lines, ours) => [...without(lines, "connection"), ...of(ours, "connection")],
  ),
  onHeaders(
    "no content-length in a 304",
    "fetch hides it; nginx passes it on.",
    (lines, _, { response }) => response.status === 304 ? without(lines, "content-length") : lines,
  ),
  onHeaders(
    "content-length: 0 in answer to HEAD",
    "Deno.serve sends it where the upstream announced no length; nginx adds nothing.",
    (lines, _, { request, response }) =>
      request.method === "HEAD" && !has(lines, "content-length") && !isBodiless(response.status)
        ? [...without(lines, "transfer-encoding"), ["content-length", "0"]]
        : lines,
  ),
  onHeaders(
    "order of response names",
    "The Fetch standard sorts them; nginx puts those it knows in front.",
    inOrderOf,
  ),
];

const FRAMING = ["content-length", "transfer-encoding"];

/** Where hyper's phrases are others than Node's. */
const REASONS: Record<number, string> = { 418: "I'm a teapot" };

const ADDED = ["accept", "accept-language", "user-agent"];

function onHeaders<View extends { headers: HeaderList }>(
  name: string,
  why: string,
  rewrite: (lines: HeaderList, ours: HeaderList, test: Case) => HeaderList,
): Rewriting<View> {
  return {
    name,
    why,
    apply: (view, ours, test) => ({ ...view, headers: rewrite(view.headers, ours.headers, test) }),
  };
}

/** Statuses without a body, whatever the method (RFC 9110 §15). */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** The same lines; names that only one of the two has stay at the end. */
function inOrderOf(lines: HeaderList, ours: HeaderList): HeaderList {
  const position = (name: string) => {
    const at = ours.findIndex(([given]) => given === name);
    return at === -1 ? ours.length : at;
  };
  return lines.toSorted(([a], [b]) => position(a) - position(b));
}

function inLowerCase(lines: HeaderList): HeaderList {
  return lines.map(([name, value]) => [name.toLowerCase(), trim(value)]);
}

function joined(lines: HeaderList, cookieSeparator: string): HeaderList {
  const names = [...new Set(lines.map(([name]) => name))];
  return names.flatMap((name): HeaderList => {
    const values = headerValues(lines, name);
    if (name === "set-cookie") return values.map((value) => [name, value]);
    if (name === "cookie") return [[name, trim(values.join(cookieSeparator))]];
    const first = values.findIndex((value) => value !== "");
    return [[name, trim(values.slice(first === -1 ? -1 : first).join(", "))]];
  });
}

function withIdentity(lines: HeaderList): HeaderList {
  const own = of(lines, "accept-encoding").filter(([, value]) => value !== "identity");
  return [...without(lines, "accept-encoding"), ["accept-encoding", "identity"], ...own];
}

function withoutHopByHop(lines: HeaderList, sent: HeaderList): HeaderList {
  const listed = headerValues(sent, "connection").join().split(",").map((name) =>
    name.trim().toLowerCase()
  );
  const own = ["connection", "transfer-encoding", ...CREDENTIALS];
  return lines.filter(([name]) =>
    own.includes(name) || !HOP_BY_HOP.test(name) && !listed.includes(name)
  );
}

function has(lines: HeaderList, name: string): boolean {
  return lines.some(([given]) => given === name);
}

function of(lines: HeaderList, name: string): HeaderList {
  return lines.filter(([given]) => given === name);
}

function without(lines: HeaderList, name: string): HeaderList {
  return lines.filter(([given]) => given !== name);
}
