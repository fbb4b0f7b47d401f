import assert from "node:assert/strict";
import fc from "fast-check";
import type { Exchange } from "../../kit/http1/exchange.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { CLIENT_KEY, ProxyProcess } from "../../kit/process/proxy_process.ts";
import { RawClient } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { framingLine, type SentBody, sentBody } from "./pieces.ts";

/** One call on a connection that is kept for more. */
interface Call {
  upload: SentBody;
  answer: SentBody;
  /** Whether the upstream answers before it has read the upload. */
  early: boolean;
}

Deno.test("44 45 58 63 any body, split anywhere on either side, arrives whole and as framed", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  await fc.assert(
    fc.asyncProperty(calls(), async (calls) => {
      using client = await RawClient.connect({ port: proxy.port });
      for (const { upload, answer, early } of calls) {
        upstream.handler = async (exchange) => {
          if (!early) await exchange.readBody();
          await send(answer, "HTTP/1.1 200 OK", exchange);
          await exchange.readBody();
        };
        await send(upload, `POST / HTTP/1.1\r\nHost: h\r\nx-api-key: ${CLIENT_KEY}`, client);
        const head = await client.readHead();
        const { bytes, ended, trailers } = await client.readBody(head);
        assert.equal(head.status, 200);
        assert.deepEqual({ bytes, ended, trailers }, whole(answer));
        assert.deepEqual(framingOf(head.headers), framing(answer));
        const received = await upstream.nextRequest();
        await received.whenBodyEnded();
        const { body, ended: endedThere, trailers: trailersThere } = received;
        assert.deepEqual(
          { bytes: body, ended: endedThere, trailers: trailersThere },
          whole(upload),
        );
        assert.deepEqual(framingOf(received.headers), framing(upload));
      }
    }),
    runs(100),
  );
});

/** Head and first segment go separately too: some heads end where a segment does, others don't. */
async function send(
  body: SentBody,
  start: string,
  to: Pick<RawClient | Exchange, "write">,
): Promise<void> {
  await to.write(`${start}\r\n${framingLine(body).join(": ")}\r\n\r\n`);
  for (const segment of body.segments) await to.write(segment);
}

function whole({ content }: SentBody) {
  return { bytes: content, ended: "complete", trailers: [] };
}

function framing(body: SentBody): [name: string, value: string][] {
  const [name, value] = framingLine(body);
  return [[name.toLowerCase(), value]];
}

function framingOf(headers: [name: string, value: string][]) {
  return headers.filter(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
}

function calls(): fc.Arbitrary<Call[]> {
  const call = fc.record({ upload: sentBody(), answer: sentBody(), early: fc.boolean() });
  return fc.array(call, { minLength: 1, maxLength: 3 });
}
