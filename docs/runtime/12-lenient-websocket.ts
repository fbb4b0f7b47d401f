/**
 * A server's WebSocket accepts frames that no client may send.
 *
 * What comes in by `Deno.upgradeWebSocket` is read less strictly than RFC 6455 asks for, and where
 * it is refused, the connection ends without a close frame, so that the peer's library cannot say
 * why:
 *
 * - frames that are not masked are accepted, where the server has to close the connection (§5.1);
 * - a pong may be longer than 125 bytes, a ping may have its length in 16 bits, and a close of 126
 *   bytes is answered with one as long, which is itself forbidden (§5.5);
 * - a fragmented text whose last character is not whole is delivered without it, where §8.1 wants
 *   the connection failed: what the client sent and what the server reads differ;
 * - a text that begins inside a fragmented one takes its place (§5.4);
 * - the close code 1014, in the registry since 2017, is answered with 1002.
 *
 * Expected: "closed with 1002" for each, with 1007 for half a character, and with the code itself
 * for the last.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * an unmasked text: delivered as "hi"
 * a pong of 126 bytes: nothing
 * a ping with a length of 16 bits: answered by a pong
 * a close of 126 bytes: closed with 1000, in 126 bytes
 * "hi" and half a character: delivered as "hi"
 * "no" begun, then "hi": delivered as "hi"
 * a reserved opcode: cut off
 * a close with 1014: closed with 1002
 * ```
 *
 * Where. `fastwebsockets`, which `ext/websocket` is built on: `parse_frame_header` does not ask
 * whether a frame is masked, and limits pings alone, by the length that is meant rather than by how
 * it is written; `Fragments::accumulate` keeps the bytes of a character that is not whole for the
 * next fragment, and forgets them with the last. It also begins a text anew where another is being
 * continued.
 *
 * What claude-proxy does: What the runtime reads is relayed, framed anew and as it should be. A
 * close that may not be sent leaves the upstream without one, as a connection that breaks off does.
 * Pinned by `tests/wire/websocket_conformance_test.ts`.
 */

const HANDSHAKE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** The frames to send. A mask of zeros leaves a payload as it is. */
const CASES: [name: string, hex: string][] = [
  ["an unmasked text", "8102 6869"],
  ["a pong of 126 bytes", "8afe007e 00000000" + "61".repeat(126)],
  ["a ping with a length of 16 bits", "89fe0001 00000000 61"],
  ["a close of 126 bytes", "88fe007e 00000000 03e8" + "61".repeat(124)],
  ['"hi" and half a character', "0183 00000000 6869c3" + "8080 00000000"],
  ['"no" begun, then "hi"', "0182 00000000 6e6f" + "0181 00000000 68" + "8081 00000000 69"],
  ["a reserved opcode", "8380 00000000"],
  ["a close with 1014", "8882 00000000 03f6"],
];

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const { response, socket } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});

for (const [name, hex] of CASES) {
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await client.write(new TextEncoder().encode(HANDSHAKE));
  await client.read(new Uint8Array(1024));
  await client.write(Uint8Array.fromHex(hex.replaceAll(" ", "")));
  console.log(`${name}: ${await answer(client)}`);
  client.close();
}
Deno.exit();

/** What the server says within a quarter of a second. */
async function answer(client: Deno.Conn): Promise<string> {
  const frame = new Uint8Array(1024);
  const silence = new Promise<"silence">((later) => setTimeout(() => later("silence"), 250));
  const length = await Promise.race([client.read(frame), silence]);
  if (length === "silence") return "nothing";
  if (length === null) return "cut off";
  const payload = frame.subarray(frame[1] === 126 ? 4 : 2, length);
  if (frame[0] === 0x8a) return "answered by a pong";
  const text = new TextDecoder().decode(payload);
  if (frame[0] === 0x81) return `delivered as ${JSON.stringify(text)}`;
  const code = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
  return `closed with ${code}${payload.length > 125 ? `, in ${payload.length} bytes` : ""}`;
}
