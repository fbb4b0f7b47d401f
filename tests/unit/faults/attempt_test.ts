import assert from "node:assert/strict";
import { attempt } from "../../faults/attempt.ts";
import { answerBody, answerHead, type Plan } from "../../faults/plan.ts";
import { concatBytes, latin1Bytes } from "../../kit/http1/bytes.ts";
import type { Exchange } from "../../kit/http1/exchange.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const PLAN: Plan = {
  id: 7,
  behaviour: "json",
  method: "POST",
  uploadBytes: 10,
  uploadChunked: false,
  size: 100,
  pauseMs: 0,
  close: false,
};
const BODY = answerBody(PLAN);

/** The right answer, or the same with something else in it. */
function answer({ status = 200, extra = "", length = BODY.length, body = BODY } = {}): Uint8Array {
  const lines = answerHead(PLAN).headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `HTTP/1.1 ${status} OK\r\n${lines}${extra}content-length: ${length}\r\n\r\n`;
  return concatBytes([latin1Bytes(head), body]);
}

function ownError(status: number, code: string): string {
  const body = '{"type":"error"}';
  return `HTTP/1.1 ${status} OK\r\nx-claude-proxy-error: ${code}\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`;
}

const other = BODY.slice();
other[50]! ^= 1;

/** What stands in the proxy's place says, and what is to be made of it. */
const CASES: [name: string, said: string | Uint8Array, ending: string][] = [
  ["the planned answer", answer(), "exact"],
  ["another status", answer({ status: 201 }), "wrong"],
  ["a header more", answer({ extra: "x-more: 1\r\n" }), "wrong"],
  ["a byte that is not the upstream's", answer({ body: other }), "wrong"],
  ["a clean end on half a body", answer({ length: 40, body: BODY.slice(0, 40) }), "wrong"],
  ["half a body", answer({ body: BODY.slice(0, 40) }), "cut"],
  ["half a body that is wrong", answer({ body: other.slice(0, 60) }), "wrong"],
  ["our 502", ownError(502, "upstream_unreachable"), "502"],
  ["our 504", ownError(504, "upstream_timeout"), "504"],
  ["a 502 with another code", ownError(502, "upstream_timeout"), "wrong"],
  ["our 500", ownError(500, "internal_error"), "wrong"],
  ["our 502, cut", ownError(502, "upstream_unreachable").slice(0, -4), "wrong"],
  ["half a head", "HTTP/1.1 200 OK\r\ncontent-", "unanswered"],
  ["no answer", "", "unanswered"],
  ["garbage", "hello\r\n\r\n", "wrong"],
];

for (const [name, said, ending] of CASES) {
  Deno.test(`${name} is judged ${ending}`, async () => {
    const result = await judge(async (exchange) => {
      await exchange.readBody();
      await exchange.write(said);
      exchange.close();
    });
    assert.equal(result.ending, ending, `${result.ending}: ${result.detail}`);
  });
}

Deno.test("an answer that does not come within the limit is judged hung", async () => {
  const result = await judge(async (exchange) => void await exchange.peerClosed(), 100);
  assert.equal(result.ending, "hung");
});

Deno.test("a client that leaves is judged cancelled, unless what it had was wrong", async () => {
  for (const [body, ending] of [[BODY, "cancelled"], [other, "wrong"]] as const) {
    const result = await judge(
      async (exchange) => {
        await exchange.readBody();
        await exchange.write(answer({ body: body.slice(0, 60) }));
        await exchange.peerClosed();
      },
      10_000,
      200,
    );
    assert.equal(result.ending, ending, `${result.ending}: ${result.detail}`);
  }
});

async function judge(
  handler: (exchange: Exchange) => Promise<void>,
  patienceMs = 10_000,
  cancelAfterMs?: number,
) {
  await using server = RawUpstream.start(handler);
  return await attempt(PLAN, {
    port: server.port,
    patienceMs,
    cancelAfterMs,
    idle: [],
    reuse: false,
  });
}
