import assert from "node:assert/strict";
import { RequestBody } from "../../../src/proxy/body.ts";

/** A request whose body of so many bytes is announced and never comes. */
function unending(length: number): { request: Request; body: RequestBody; end: () => void } {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const request = new Request("http://proxy/v1/messages", {
    method: "POST",
    body: readable,
    headers: { "content-length": `${length}` },
  });
  return {
    request,
    body: new RequestBody(request, undefined),
    end: () => void writable.abort().catch(() => {}),
  };
}

Deno.test("32 MiB of bodies are held at a time, and what finds no room goes on as it is", async () => {
  const held = Array.from({ length: 32 }, () => unending(1_048_576));
  const opened = held.map(({ body }) => body.open(true));
  const late = unending(1);
  try {
    assert.ok(opened.every((one) => one instanceof Promise));
    assert.equal(late.body.open(true), late.request.body);
    assert.equal(late.body.isRepeatable, false);
    held[0]!.body.letGo();
    assert.ok(
      unending(1_048_577).body.open(true) instanceof ReadableStream,
      "one that is too long",
    );
    const next = new RequestBody(
      new Request("http://proxy/", {
        method: "POST",
        body: "{}",
        headers: { "content-length": "2" },
      }),
      undefined,
    );
    assert.ok(await next.open(true) instanceof ReadableStream);
    assert.equal(next.isRepeatable, true);
    next.letGo();
    assert.equal(next.isRepeatable, false);
  } finally {
    for (const { body, end } of held) {
      body.letGo();
      end();
    }
    await Promise.allSettled(opened);
  }
});
