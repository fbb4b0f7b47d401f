import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { type HeaderList, headerValues } from "../../kit/http1/message_head.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const CODERS: Record<string, (body: Uint8Array) => Uint8Array> = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  deflate: deflateSync,
  identity: (body) => body,
};

/** What a client asks for, and what it is given. */
interface Case {
  /** Values of its Accept-Encoding lines, in order. */
  asked: string[];
  /** Applied one after another; none leaves out `content-encoding`. */
  codings: string[];
  body: Uint8Array;
  chunked: boolean;
  /** Whether the body is not in the coding it claims. */
  lying: boolean;
}

Deno.test("53 59 any Accept-Encoding goes out behind identity, and any coding comes back as it is", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  await fc.assert(
    fc.asyncProperty(cases(), async ({ asked, codings, body, chunked, lying }) => {
      const coded = lying ? body : codings.reduce((sofar, name) => encode(name, sofar), body);
      const claim: HeaderList = codings.length > 0
        ? [["Content-Encoding", codings.join(", ")]]
        : [];
      upstream.handler = async (exchange) => {
        if (!chunked) return await exchange.respond({ headers: claim, body: coded });
        await exchange.respond({ headers: [...claim, ["Transfer-Encoding", "chunked"]] });
        for (const half of halves(coded)) await exchange.writeChunk(half);
        await exchange.writeChunk();
      };
      const lines = asked.map((value): [string, string] => ["Accept-Encoding", value]);
      const headers: HeaderList = [["Host", "localhost"], ...lines];
      const response = await request({ port: proxy.port, headers });
      const received = await upstream.nextRequest();
      assert.deepEqual(received.values("accept-encoding"), ["identity", ...behind(asked)]);
      assert.equal(response.status, 200);
      assert.deepEqual(response.bytes, new Uint8Array(coded));
      assert.deepEqual(
        headerValues(response.headers, "content-encoding"),
        claim.map(([, value]) => value),
      );
      const length = chunked ? [] : [String(coded.length)];
      assert.deepEqual(headerValues(response.headers, "content-length"), length);
    }),
    runs(700),
  );
});

/** The client's lines joined into one (RFC 9110 §5.3), unless all they say is `identity`. */
function behind(asked: string[]): string[] {
  const joined = asked.map(trim).join(", ");
  return asked.length === 0 || joined === "identity" ? [] : [trim(joined)];
}

function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}

function encode(coding: string, body: Uint8Array): Uint8Array {
  return (CODERS[coding] ?? assert.fail(coding))(body);
}

/** Neither of them empty, which would end the body. */
function halves(bytes: Uint8Array): Uint8Array[] {
  const middle = Math.ceil(bytes.length / 2);
  return [bytes.subarray(0, middle), bytes.subarray(middle)].filter((half) => half.length > 0);
}

function cases(): fc.Arbitrary<Case> {
  return fc.record({
    asked: fc.array(acceptEncoding(), { maxLength: 3 }),
    codings: fc.array(fc.constantFrom(...Object.keys(CODERS)), { maxLength: 2 }),
    body: fc.oneof(fc.uint8Array({ maxLength: 200 }), repetitive()),
    chunked: fc.boolean(),
    lying: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, fc.boolean()),
  });
}

/** What compresses well: a decoder would make much more of it. */
function repetitive(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 2_000 }))
    .map(([text, times]) => new TextEncoder().encode(text.repeat(times)));
}

/** RFC 9110 §12.5.3, and what is none: known and unknown codings, weights, blanks and junk. */
function acceptEncoding(): fc.Arbitrary<string> {
  const known = ["gzip", "br", "zstd", "deflate", "identity", "*", "x-gzip", "compress", "GZip"];
  const weights = [
    "",
    "",
    ";q=0",
    ";q=1",
    "; q=0.5",
    ";Q=0.001",
    ";q=1.000",
    ";q=2",
    ";q=",
    ";x=1",
  ];
  const element = fc.tuple(fc.constantFrom(...known, "", "\xe9"), fc.constantFrom(...weights))
    .map((parts) => parts.join(""));
  const list = fc.tuple(
    fc.array(element, { maxLength: 6 }),
    fc.constantFrom(",", ", ", " ,\t", ",,"),
  ).map(([elements, separator]) => elements.join(separator));
  const junk = fc.string({ unit: fc.constantFrom(...'gzip br*;,=q01. \t"\xff') });
  return fc.oneof({ weight: 5, arbitrary: list }, { weight: 1, arbitrary: junk });
}
