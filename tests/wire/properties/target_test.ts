import assert from "node:assert/strict";
import fc from "fast-check";
import { headerValues } from "../../kit/http1/message_head.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { RawClient, type RawResponse } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { target } from "./targets.ts";

/** One request line, less the version. */
interface RequestLine {
  method: string;
  /** What stands before the target in absolute-form (RFC 9112 §3.2.2), or nothing. */
  authority: string;
  target: string;
}

/** RFC 3986 §3.3 and §3.4: `pchar` and what a query may hold besides. */
const PCHAR = "[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}";
/** RFC 9112 §3.2.1. */
const ORIGIN_FORM = new RegExp(`^(?:/(?:${PCHAR})*)+(?:\\?(?:${PCHAR}|[/?])*)?$`);

for (const base of ["", "/base", "/deep/er%2F/base.v1"]) {
  Deno.test(`1 to 17 any target behind the base "${base}" crosses byte for byte or is refused`, async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: `${upstream.url}${base}`,
      args: ["--health-endpoints", "false"],
    });
    await fc.assert(
      fc.asyncProperty(requestLine(), async (line) => {
        const before = upstream.requests.length;
        const response = await send(proxy.port, line);
        const [received, ...more] = upstream.requests.slice(before);
        assert.deepEqual(more, []);
        if (mustCross(line)) assert.ok(received, `${response.status}: it did not cross`);
        if (mustNotCross(line)) assert.equal(received?.startLine, undefined);
        if (!received) return assertRefused(response);
        assert.equal(response.status, 200);
        assert.equal(received.startLine, `${line.method} ${base}${line.target} HTTP/1.1`);
        assert.deepEqual(received.values("host"), [`127.0.0.1:${upstream.port}`]);
      }),
      runs(400),
    );
  });
}

/** Legal, and none of what the URL parser behind `fetch` rewrites (WHATWG URL §4.4, §1.3). */
function mustCross({ method, target }: RequestLine): boolean {
  const [path = "", query = ""] = split(target);
  const asterisk = method === "OPTIONS" && target === "/*"; // Not told apart from `OPTIONS *`.
  return ORIGIN_FORM.test(target) && !hasDotSegment(path) && !query.includes("'") &&
    isForwardable(method) && !asterisk;
}

/** What would leave the base, arrive altered, or be no request line at all. */
function mustNotCross({ method, target }: RequestLine): boolean {
  const [path = ""] = split(target);
  // deno-lint-ignore no-control-regex -- controls are what it looks for
  return /[\x00-\x20"#<>\x7f-\xff]/.test(target) || path.includes("\\") ||
    hasDotSegment(path) || !isForwardable(method);
}

/** RFC 3986 §5.2.4, and `%2e`, which the WHATWG parser takes for a dot. */
function hasDotSegment(path: string): boolean {
  return path.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}

/** `fetch` knows no CONNECT, TRACE and TRACK, and changes the case of some methods. */
function isForwardable(method: string): boolean {
  return !["CONNECT", "TRACE", "TRACK"].includes(method) && method === method.toUpperCase();
}

function split(target: string): string[] {
  return target.split(/\?(.*)/s);
}

/** An answer of the proxy's own, or the server's to what it cannot parse. */
function assertRefused(response: RawResponse): void {
  const [code] = headerValues(response.headers, "x-claude-proxy-error");
  const expected = code === undefined ? [400] : [400, 405];
  assert.ok(expected.includes(response.status), `${response.status} ${code}`);
  if (code !== undefined) assert.equal(code, "unforwardable_request");
}

async function send(port: number, { method, authority, target }: RequestLine) {
  using client = await RawClient.connect({ port });
  await client.write(`${method} ${authority}${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
  return await client.readResponse({ method });
}

function requestLine(): fc.Arbitrary<RequestLine> {
  return fc.record({
    method: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "DELETE") },
      { weight: 1, arbitrary: fc.constantFrom("TRACE", "TRACK", "QUERY", "patch", "M-SEARCH") },
      { weight: 1, arbitrary: fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/) },
    ),
    authority: fc.oneof(
      { weight: 5, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: fc.constantFrom("http://h", "http://other.example:81") },
    ),
    target: target(),
  });
}
