/**
 * A cancelled HTTP/2 upload ends as if it were whole.
 *
 * A client that resets its stream inside the body with CANCEL (or NO_ERROR) ends the request's
 * body in an orderly way, even short of its `content-length`. Whoever stores or forwards it takes
 * a part for the whole.
 *
 * Expected: an error, as for every other code.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * without content-length: a whole body of 3 bytes
 * with content-length 10: a whole body of 3 bytes
 * ```
 *
 * Where: hyper's `Incoming` maps both codes to the end of the body; `ext/http` takes that for a
 * FIN.
 *
 * Suggested fix: Ask the stream whether it has seen END_STREAM before calling the body complete.
 *
 * What claude-proxy does: It reads a body over HTTP/2 without a `content-length` in JavaScript and
 * looks at `request.signal`, which has fired by then: `src/proxy/body.ts`, guarded by
 * `tests/wire/http2_messages_test.ts`. With a `content-length` that is not needed, because `fetch`
 * notices that bytes are missing.
 */

import { connect } from "node:http2";

async function serve(headers: Record<string, string>): Promise<string> {
  const ended = Promise.withResolvers<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const reader = request.body!.getReader();
    let bytes = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.length;
      }
      ended.resolve(`a whole body of ${bytes} bytes`);
    } catch (error) {
      ended.resolve(`${error}`);
    }
    return new Response();
  });
  const session = connect(`http://127.0.0.1:${server.addr.port}`);
  const stream = session.request({ ":method": "POST", ...headers });
  stream.on("error", () => {});
  stream.write("abc");
  setTimeout(() => stream.close(8), 200); // CANCEL
  return await ended.promise;
}

console.log("without content-length:", await serve({}));
console.log("with content-length 10:", await serve({ "content-length": "10" }));
Deno.exit();
