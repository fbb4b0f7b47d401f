/**
 * No `TCP_NODELAY` over TLS.
 *
 * `Deno.serve` sets `TCP_NODELAY` on plain connections and not on TLS ones. Once a connection is
 * kept alive, the second piece of a streamed answer waits for the client's delayed ACK: 44 ms
 * instead of 3 ms.
 *
 * Expected: "prompt" both times.
 *
 * Printed by Deno 2.9.6; the script runs `openssl` for a certificate:
 *
 * ```text
 * plain: prompt
 * TLS: waits for a delayed ACK
 * ```
 *
 * Where: `ext/http/http_next.rs`, `serve_http_on`: `if let NetworkStream::Tcp(tcp) =
 * &network_stream`.
 *
 * Suggested fix: Set it where the listener accepts, for both. On the connections that `fetch`
 * makes it is off as well (denoland/deno#35581).
 *
 * What claude-proxy does: Nothing: neither `Deno.serve` nor `fetch` has an option or shows its
 * socket. `tests/wire/nagle_test.ts` pins what `fetch` does.
 */

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

for (const tls of [undefined, { cert, key }]) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, ...tls }, () => {
    const pieces = (async function* () {
      yield new Uint8Array([1]);
      await new Promise((later) => setTimeout(later, 2));
      yield new Uint8Array([2]);
    })();
    return new Response(ReadableStream.from(pieces));
  });
  const { port } = server.addr as Deno.NetAddr;
  const client = tls
    ? await Deno.connectTls({ hostname: "localhost", port, caCerts: [cert] })
    : await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(65_536);
  const times: number[] = [];
  for (let request = 0; request < 21; request++) {
    const started = performance.now();
    await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    for (let text = ""; !text.includes("0\r\n\r\n");) {
      const length = await client.read(buffer);
      text += new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    }
    times.push(performance.now() - started);
  }
  const median = times.sort((a, b) => a - b)[10] ?? 0;
  console.log(tls ? "TLS:" : "plain:", median < 30 ? "prompt" : "waits for a delayed ACK");
}
Deno.exit();
