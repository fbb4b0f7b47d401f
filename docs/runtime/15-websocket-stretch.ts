/**
 * What a WebSocket has received is handed over without a turn for anybody else.
 *
 * A server's WebSocket dispatches message after message for as long as the kernel has bytes of its
 * client: each is at hand when it is awaited, so the event loop does not turn. With small messages
 * that is millions of events and seconds in which no timer fires and no other connection is served.
 * One client is enough, and nothing can be done from inside an event.
 *
 * Expected: a turn of the event loop after some messages, as reads of other kinds get.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * a timer of 10 ms waited for more than 20,000 messages of one client: true
 * ```
 *
 * Where. `ext/websocket/01_websocket.js`, `[_eventLoop]`: `op_ws_next_event` is polled at once, so
 * only tokio's budget, 128 reads of many messages each, makes it wait.
 *
 * What claude-proxy does: It counts the messages that wait for the upstream, which gets no turn
 * either, and closes a session with 1013 at 130,000 small ones: `src/proxy/websocket/relay.ts`,
 * guarded by `tests/integration/websocket_flood_test.ts`.
 */

const FLOOD = `
  const HANDSHAKE = "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\n" +
    "Upgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n";
  self.onmessage = async ({ data: port }) => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await client.write(new TextEncoder().encode(HANDSHAKE));
    await client.read(new Uint8Array(1024));
    const frames = new Uint8Array(6 * 100_000); // Empty texts, masked with zeros.
    for (let at = 0; at < frames.length; at += 6) frames.set([0x81, 0x80], at);
    const writer = client.writable.getWriter();
    for (let count = 0; count < 10; count++) await writer.write(frames);
    self.postMessage("sent");
  };
`;

let messages = 0;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const { response, socket } = Deno.upgradeWebSocket(request);
  socket.onmessage = () => messages++;
  return response;
});

let before = 0;
let most = 0;
setInterval(() => {
  most = Math.max(most, messages - before);
  before = messages;
}, 10);

const client = new Worker(`data:text/javascript,${encodeURIComponent(FLOOD)}`, { type: "module" });
client.onmessage = () => {
  const long = most > 20_000;
  console.log(`a timer of 10 ms waited for more than 20,000 messages of one client: ${long}`);
  Deno.exit();
};
client.postMessage(server.addr.port);
