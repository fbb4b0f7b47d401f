import assert from "node:assert/strict";
import { type Certificate, makeCertificate } from "../../kit/tls/certificate.ts";
import { NGINX, Nginx } from "../../kit/servers/nginx.ts";
import { programTest } from "../../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess } from "../../kit/process/proxy_process.ts";
import { type ClientTls, formatRequest, RawClient, request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { closed, connect, messages } from "../../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../../kit/servers/websocket_upstream.ts";

const FILE = await Deno.readTextFile(new URL("../../../deploy/nginx.conf", import.meta.url));
const OPENSSL = { program: "openssl", install: "apt-get install openssl" };

/** What the file has and a test must have otherwise. */
const REPLACED: [string, (port: number, proxy: ProxyProcess) => string][] = [
  ["listen 443 ssl http2;", (port) => `listen 127.0.0.1:${port} ssl http2;`],
  ["server 127.0.0.1:8080;", (_, proxy) => `server 127.0.0.1:${proxy.port};`],
  ["/etc/ssl/claude-proxy.crt", () => "cert.pem"],
  ["/etc/ssl/private/claude-proxy.key", () => "key.pem"],
  ["client_header_timeout 10s;", () => "client_header_timeout 1s;"],
  ["client_body_timeout 30s;", () => "client_body_timeout 1s;"],
];

/** The file as it is deployed, with the test's ports and certificate, and patience of a second. */
function startNginx(proxy: ProxyProcess, { cert, key }: Certificate): Promise<Nginx> {
  return Nginx.startWith((port) => {
    return REPLACED.reduce((text, [from, to]) => {
      assert.ok(text.includes(from), `the file lacks ${from}`);
      return text.replace(from, to(port, proxy));
    }, FILE);
  }, { "cert.pem": cert, "key.pem": key });
}

programTest({
  name: "deploy/nginx.conf cuts slow clients off, and events cross it one by one",
  needs: [NGINX, OPENSSL],
  fn: async (t) => {
    const certificate = await makeCertificate();
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    await using nginx = await startNginx(proxy, certificate);
    const { port } = nginx;
    const tls: ClientTls = { caCerts: [certificate.cert], alpnProtocols: ["http/1.1"] };

    await t.step("a request crosses byte for byte", async () => {
      const body = '{"stream": true}';
      const { status } = await request({
        ...{ port, tls, method: "POST", target: "/v1/a%2Fb?beta=true&x" },
        headers: [["Host", "localhost"], ["Content-Length", String(body.length)]],
        body,
      });
      assert.equal(status, 200);
      const received = await upstream.nextRequest();
      assert.equal(received.target, "/v1/a%2Fb?beta=true&x");
      assert.equal(received.bodyText, body);
    });

    await t.step("a POST that offers h2c, as Java's HttpClient sends it, is served", async () => {
      const body = '{"stream": true}';
      const { status } = await request({
        ...{ port, tls, method: "POST", target: "/v1/messages" },
        headers: [
          ["Host", "localhost"],
          ["Content-Length", String(body.length)],
          ["Connection", "Upgrade, HTTP2-Settings"],
          ["Upgrade", "h2c"],
          ["HTTP2-Settings", "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA"],
        ],
        body,
      });
      assert.equal(status, 200);
      const received = await upstream.nextRequest();
      assert.equal(received.bodyText, body);
      assert.deepEqual(["upgrade", "http2-settings"].flatMap((name) => received.values(name)), []);
    });

    await t.step("each event arrives before the next is sent", async () => {
      const read = [1, 2, 3].map(() => Promise.withResolvers<void>());
      upstream.handler = async (exchange) => {
        await exchange.respond({
          headers: [["Content-Type", "text/event-stream"], ["Transfer-Encoding", "chunked"]],
        });
        for (const [index, { promise }] of read.entries()) {
          await exchange.writeChunk(`data: ${index}\n\n`);
          await promise;
        }
        await exchange.writeChunk();
      };
      using client = await RawClient.connect({ port, tls });
      await client.write(formatRequest({ target: "/v1/messages" }));
      const body = client.bodyOf(await client.readHead());
      for (const [index, { resolve }] of read.entries()) {
        const arrival = await body.readSome();
        assert.equal(new TextDecoder().decode(arrival?.bytes), `data: ${index}\n\n`);
        resolve();
      }
      assert.equal((await body.readAll()).ended, "complete");
    });

    const before = upstream.requests.length;
    for (
      const [name, bytes] of [
        ["says nothing after the TLS handshake", ""],
        ["sends a head slowly", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "],
        [
          "sends a body slowly",
          "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow",
        ],
      ] as const
    ) {
      await t.step(
        `a client that ${name} is cut off, and the proxy never hears of it`,
        async () => {
          using client = await RawClient.connect({ port, tls });
          await client.write(bytes);
          await client.readToEnd(10_000);
          assert.equal(upstream.requests.length, before);
        },
      );
    }

    await t.step("one address gets 100 requests at a time", async () => {
      upstream.handler = async (exchange) => void await exchange.peerClosed(60_000);
      const clients = await Promise.all(
        Array.from({ length: 100 }, () => RawClient.connect({ port, tls })),
      );
      for (const client of clients) await client.write(formatRequest({ target: "/hang" }));
      for (let count = 0; count < 100; count++) await upstream.nextRequest();
      assert.equal((await request({ port, tls })).status, 429);
      clients.forEach((client) => client.close());
      await upstream.allConnectionsClosed();
    });
  },
});

programTest({
  name: "a WebSocket crosses deploy/nginx.conf, whatever the casing of its name",
  needs: [NGINX, OPENSSL],
  fn: async () => {
    const certificate = await makeCertificate();
    await using upstream = await WebSocketUpstream.start();
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    await using nginx = await startNginx(proxy, certificate);
    const url = `https://localhost:${nginx.port}`;
    for (const Upgrade of ["websocket", "WebSocket"]) {
      const socket = await connect(url, {
        ca: certificate.cert,
        headers: { "api-key": CLIENT_KEY, Upgrade },
      });
      const answered = messages(socket, 1);
      socket.send("ping");
      assert.equal(new TextDecoder().decode((await answered)[0]?.data), "ping");
      socket.close();
      await closed(socket);
    }
  },
});
