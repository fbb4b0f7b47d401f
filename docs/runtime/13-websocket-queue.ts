/**
 * The queue of a WebSocket holds more than `bufferedAmount` tells.
 *
 * `send` of a WebSocket puts each message into a queue without end. What waits there holds about a
 * kilobyte of memory besides its bytes, and `bufferedAmount`, all that tells of the queue, counts
 * the bytes alone: for empty messages it stays at 0, whether they have left or not. Nothing tells
 * when the queue is empty, and what comes in cannot be paused. So a program that hands messages on
 * can keep its memory bounded only by counting them, and by looking again and again.
 *
 * Expected: a `bufferedAmount` that counts what a message holds, or the `WebSocketStream` of
 * `--unstable-net` for servers, whose streams wait.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * 100000 empty messages to a client that does not read: bufferedAmount is 0
 * each of them holds more than 500 bytes: true
 * ```
 *
 * Where. `ext/websocket/lib.rs`, `op_ws_send_text` and its like: a task for each message.
 *
 * What claude-proxy does: It counts a kibibyte for each message that may still wait, and takes a
 * hundred empty ones a second for sent: `src/proxy/websocket/client_backlog.ts`, guarded by
 * `tests/integration/websocket_memory_test.ts`. A client that sends faster than the upstream reads
 * is closed with 1013.
 */

const HANDSHAKE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const MESSAGES = 100_000;

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const { response, socket } = Deno.upgradeWebSocket(request);
  socket.onopen = async () => {
    const before = Deno.memoryUsage().rss;
    // More than the kernel takes, so that all that follows waits.
    const filler = new Uint8Array(16 * 1024 * 1024);
    socket.send(filler);
    for (let count = 0; count < MESSAGES; count++) socket.send("");
    const buffered = socket.bufferedAmount - filler.length;
    console.log(
      `${MESSAGES} empty messages to a client that does not read: bufferedAmount is ${buffered}`,
    );
    await new Promise((later) => setTimeout(later, 500));
    const held = Deno.memoryUsage().rss - before - filler.length;
    console.log(`each of them holds more than 500 bytes: ${held / MESSAGES > 500}`);
    Deno.exit();
  };
  return response;
});

const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
await client.write(new TextEncoder().encode(HANDSHAKE));
