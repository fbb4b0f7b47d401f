/**
 * A fragmented WebSocket message has no limit.
 *
 * `Deno.upgradeWebSocket` refuses a frame of 64 MiB, but joins fragments without counting them:
 * a message that goes on for ever fills the memory as fast as the network brings it. The program
 * learns nothing of it, for it is told of whole messages only, so it cannot end the connection. A
 * client may do so that can open a WebSocket at all, with one connection.
 *
 * Expected: the connection closed with 1009 once a message passes the limit of a frame.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * a frame of 64 MiB: cut off
 * 256 fragments of a mebibyte: taken, and held in memory: true
 * ```
 *
 * Where. `fastwebsockets`, `Fragments::accumulate`: `max_message_size` is looked at for each frame,
 * in `parse_frame_header`.
 *
 * What claude-proxy does: Nothing helps but a limit on the process's memory. The upstream's side is
 * read by the proxy itself, which ends a session past 64 MiB or 16,384 fragments a message:
 * `src/proxy/websocket/upstream_socket.ts`, guarded by `tests/wire/websocket_conformance_test.ts`.
 */

const HANDSHAKE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const MEBIBYTE = 2 ** 20;
const FRAGMENTS = 256;

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  return Deno.upgradeWebSocket(request).response;
});

async function open(): Promise<Deno.Conn> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await client.write(new TextEncoder().encode(HANDSHAKE));
  await client.read(new Uint8Array(1024));
  return client;
}

/** The head of a frame, masked with zeros, which leave the payload as it is. */
function head(first: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(14);
  bytes.set([first, 0xff]);
  new DataView(bytes.buffer).setBigUint64(2, BigInt(length));
  return bytes;
}

const tooLong = await open();
await tooLong.write(head(0x82, 64 * MEBIBYTE));
const answer = await tooLong.read(new Uint8Array(1));
console.log(`a frame of 64 MiB: ${answer === null ? "cut off" : "taken"}`);

const before = Deno.memoryUsage().rss;
const endless = await open();
const writer = endless.writable.getWriter();
const fragment = new Uint8Array(MEBIBYTE);
for (let count = 0; count < FRAGMENTS; count++) {
  await writer.write(head(count === 0 ? 0x02 : 0x00, MEBIBYTE));
  await writer.write(fragment);
}
const held = Deno.memoryUsage().rss - before > FRAGMENTS / 2 * MEBIBYTE;
console.log(`${FRAGMENTS} fragments of a mebibyte: taken, and held in memory: ${held}`);
Deno.exit();
