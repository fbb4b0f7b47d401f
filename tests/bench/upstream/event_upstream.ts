/**
 * The upstream of the benchmark, on bare TCP so that it costs little next to the proxy: a POST is
 * answered with a small JSON document, a GET with a stream of events, each sent by itself.
 * It prints its port.
 */

/** Events in one stream. */
const EVENTS = 100;
/** Milliseconds between the events of one stream. */
const EVENT_INTERVAL = 4;

let tick: Promise<void> | undefined;
const encoder = new TextEncoder();
const answer = JSON.stringify({ id: "msg_1", content: [{ type: "text", text: "x".repeat(900) }] });
const ANSWER = encoder.encode(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n` +
    answer,
);
const STREAM_HEAD = encoder.encode(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
);
const data = `event: content_block_delta\ndata: {"delta":{"text":"${"word ".repeat(20)}"}}\n\n`;
const EVENT = encoder.encode(`${data.length.toString(16)}\r\n${data}\r\n`);
/** Bytes of one event on the wire. */
export const EVENT_BYTES = EVENT.length;
const STREAM_END = encoder.encode("0\r\n\r\n");

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const count = await connection.read(chunk);
    if (count === null) return connection.close();
    text += String.fromCharCode(...chunk.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end === -1 || text.length < end + 4 + length) continue;
    const isStream = text.startsWith("GET");
    text = "";
    if (isStream) await stream(connection);
    else await writeAll(connection, ANSWER);
  }
}

async function stream(connection: Deno.TcpConn): Promise<void> {
  await writeAll(connection, STREAM_HEAD);
  for (let count = 0; count < EVENTS; count++) {
    await nextTick();
    await writeAll(connection, EVENT);
  }
  await writeAll(connection, STREAM_END);
}

/** One timer for all streams. */
function nextTick(): Promise<void> {
  return tick ??= new Promise((resolve) =>
    setTimeout(() => {
      tick = undefined;
      resolve();
    }, EVENT_INTERVAL)
  );
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const connection of listener) serve(connection).catch(() => connection.close());
}
