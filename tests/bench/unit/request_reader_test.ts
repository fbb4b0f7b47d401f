import assert from "node:assert/strict";
import { LARGE_ANSWER } from "../upstream/anthropic_answers.ts";
import { RequestReader, type RequestSeen } from "../upstream/request_reader.ts";

/** A connection that gives these pieces, one a read, and then ends. */
function connection(pieces: readonly string[]): Pick<Deno.Conn, "read"> {
  const left = [...pieces];
  return {
    read(buffer) {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      return Promise.resolve(new TextEncoder().encodeInto(piece, buffer).written);
    },
  };
}

async function requests(pieces: readonly string[]): Promise<RequestSeen[]> {
  const reader = new RequestReader(connection(pieces));
  const seen: RequestSeen[] = [];
  for (let one = await reader.next(); one !== undefined; one = await reader.next()) seen.push(one);
  return seen;
}

Deno.test("requests are told apart by length and by their last chunk", async () => {
  assert.deepEqual(
    await requests([
      ...["POST / HTTP/1.1\r\nContent-", "Length: 15\r\n\r\n", '{"stream":', "true}"],
      ...["POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "2\r\n{}\r\n", "0\r\n\r\n"],
      "GET / HTTP/1.1\r\nhost: h\r\n\r\n",
    ]),
    [
      { isStream: true, isLarge: false, bodyBytes: 15 },
      { isStream: false, isLarge: false, bodyBytes: 12 },
      { isStream: false, isLarge: false, bodyBytes: 0 },
    ],
  );
});

Deno.test("a wish is seen at the end of a body of Claude Code's size", async () => {
  const body = `{"messages":"${"x".repeat(76_000)}${LARGE_ANSWER}","stream": true}`;
  const head = `POST / HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n`;
  const pieces = body.match(/.{1,16000}/g) ?? [];
  assert.deepEqual(await requests([head, ...pieces]), [
    { isStream: true, isLarge: true, bodyBytes: body.length },
  ]);
});
