import { type HeaderList, headerValues } from "../../kit/http1/message_head.ts";
import { CREDENTIALS, INGRESS } from "../properties/documented.ts";
import { onHeaders, type Rewriting } from "./classes.ts";
import {
  has,
  inLowerCase,
  inOrderOf,
  isAmbiguous,
  joined,
  of,
  without,
  withoutHopByHop,
} from "./header_lists.ts";
import type { SeenRequest } from "./side.ts";

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

const ADDED = ["accept", "accept-language", "user-agent"];

function withIdentity(lines: HeaderList): HeaderList {
  const own = of(lines, "accept-encoding").filter(([, value]) => value !== "identity");
  return [...without(lines, "accept-encoding"), ["accept-encoding", "identity"], ...own];
}
