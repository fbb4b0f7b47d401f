import assert from "node:assert/strict";
import fc from "fast-check";
import type { HeaderList } from "../../kit/http1/message_head.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { clientFields, fieldsOf, upstreamFields } from "./documented.ts";
import { connection, credential, name, value } from "./header_lines.ts";

const HOST: HeaderList = [["Host", "localhost"]];

Deno.test("18 19 20 22 25 28 31 any request headers arrive as documented", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const host = `127.0.0.1:${upstream.port}`;
  await fc.assert(
    fc.asyncProperty(requestLines(), async (lines) => {
      const before = upstream.requests.length;
      const { status } = await request({ port: proxy.port, headers: [...HOST, ...lines] });
      const [received, ...more] = upstream.requests.slice(before);
      const expected = upstreamFields(lines, host);
      assert.deepEqual(more, []);
      assert.equal(status, expected ? 200 : 401);
      assert.deepEqual(received && fieldsOf(received.headers), expected);
    }),
    runs(700),
  );
});

Deno.test("18 19 26 28 34 36 any response headers arrive as documented", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  await fc.assert(
    fc.asyncProperty(responseLines(), async (lines) => {
      upstream.handler = (exchange) => exchange.respond({ headers: lines });
      const response = await request({ port: proxy.port, headers: HOST });
      assert.equal(response.status, 200);
      const received = fieldsOf(response.headers);
      const expected = clientFields([...lines, ["content-length", "0"]]);
      if (!expected.has("date")) received.delete("date"); // Added where the upstream sent none.
      assert.deepEqual(received, expected);
    }),
    runs(700),
  );
});

/** Lines in any order, some of them credentials, some that Connection declares hop-by-hop. */
function requestLines(): fc.Arbitrary<HeaderList> {
  const line: fc.Arbitrary<HeaderList[number]> = fc.tuple(name(), value());
  return fc.tuple(
    fc.array(line, { maxLength: 30 }),
    fc.array(connection(), { maxLength: 2 }),
    fc.array(credential(), { maxLength: 2 }),
  ).chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }));
}

function responseLines(): fc.Arbitrary<HeaderList> {
  const line: fc.Arbitrary<HeaderList[number]> = fc.tuple(name(), value());
  return fc.tuple(fc.array(line, { maxLength: 30 }), fc.array(connection(), { maxLength: 2 }))
    .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }));
}
