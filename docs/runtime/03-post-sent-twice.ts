/**
 * `fetch` sends a POST twice.
 *
 * When a pooled connection ends before the answer, `fetch` sends the request again on another, if
 * its body is bytes or there is none, although the server may have read and carried out the first.
 *
 * Expected: one `/second`, and a `TypeError`.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * received POST /first
 * received POST /second
 * received POST /second
 * ```
 *
 * Where: `ext/fetch/lib.rs`, `is_error_retryable`, since denoland/deno#32566: "safe to retry
 * because the server never received/processed the request". denoland/deno#36415 took the retry
 * away from fresh connections for the reason that this premise is wrong there; it is no better on
 * a reused one. RFC 9110 §9.2.2 allows it for idempotent methods alone, unless the client knows
 * that nothing was processed.
 *
 * Suggested fix: Retry after `is_incomplete_message` and `ECONNRESET` only GET, HEAD, OPTIONS,
 * TRACE, PUT and DELETE. `hyper-util` already retries what it can give back unsent.
 *
 * What claude-proxy does: It sends every POST as a stream, which is not sent again, and one
 * without a body on a connection of its own: `replayProof` in `src/proxy/forward.ts`, guarded by
 * `tests/wire/connections_test.ts`. A body that `Deno.serve` has read along with its head counts
 * as bytes too when it is handed on as `request.body`.
 */

const encoder = new TextEncoder();
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

/** Answers the first request of a connection, reads the second, and closes without an answer. */
async function serve(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let requests = 1;; requests++) {
    const length = await connection.read(buffer);
    if (length === null) break;
    console.log("received", new TextDecoder().decode(buffer.subarray(0, length)).split(" HTTP")[0]);
    if (requests === 2) break;
    await connection.write(encoder.encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  }
  connection.close();
}

(async () => {
  for await (const connection of listener) serve(connection);
})();

const origin = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
for (const path of ["/first", "/second"]) {
  const response = await fetch(origin + path, { method: "POST", body: "pay 1 euro" });
  await response.body?.cancel();
}
Deno.exit();
