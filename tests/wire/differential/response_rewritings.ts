import { STATUS_CODES } from "node:http";
import { headerValues } from "../../kit/http1/message_head.ts";
import { onHeaders, type Rewriting } from "./classes.ts";
import {
  has,
  inLowerCase,
  inOrderOf,
  joined,
  of,
  without,
  withoutHopByHop,
} from "./header_lists.ts";
import type { SeenResponse } from "./side.ts";

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
    "Deno.serve adds one where the upstream sent none (RFC 9110 §6.6.1); nginx, told to pass on the " +
      "upstream's, adds none.",
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
    "order of response names",
    "The Fetch standard sorts them; nginx puts those it knows in front.",
    inOrderOf,
  ),
];

const FRAMING = ["content-length", "transfer-encoding"];

/** Where hyper's phrases are others than Node's. */
const REASONS: Record<number, string> = { 418: "I'm a teapot" };
