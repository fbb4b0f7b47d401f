import assert from "node:assert/strict";
import { join } from "node:path";
import { makeCertificate } from "../kit/tls/certificate.ts";
import { makeAuthority } from "../kit/tls/certificate_authority.ts";
import { NGINX, Nginx } from "../kit/servers/nginx.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { connect } from "../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";

const authority = await makeAuthority("Test authority");
const stranger = await makeAuthority("Another authority");
const server = await authority.issue("upstream");
const client = await authority.issue("proxy", []);
const headers: [string, string][] = [["Host", "localhost"], ["x-api-key", CLIENT_KEY]];

/** Makes nginx hand a WebSocket on, and tell whose certificate it saw. */
const UPGRADE = `proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Client $ssl_client_s_dn;`;

/** Flags that name files, with the files' contents. */
type FlagFiles = Partial<
  Record<"upstream-ca-file" | "upstream-client-cert-path" | "upstream-client-key-path", string>
>;

async function writeFiles(files: FlagFiles): Promise<AsyncDisposable & { args: string[] }> {
  const directory = await Deno.makeTempDir({ prefix: "claude-proxy-test-" });
  // Strangers may not be let through with a client certificate.
  const args = "upstream-client-cert-path" in files ? ["--unauthenticated", "reject"] : [];
  for (const [flag, content] of Object.entries(files)) {
    await Deno.writeTextFile(join(directory, flag), content);
    args.push(`--${flag}`, join(directory, flag));
  }
  return { args, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}

Deno.test("upstream_ca_file makes a private authority trusted", async () => {
  await using upstream = RawUpstream.start(undefined, { tls: server });
  await using files = await writeFiles({ "upstream-ca-file": stranger.cert + authority.cert });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: files.args });
  assert.equal((await request({ port: proxy.port, headers })).status, 200);
});

Deno.test("files that Windows wrote serve as well: a byte-order mark and its line ends", async () => {
  const windows = (text: string) => `\uFEFF${text.replaceAll("\n", "\r\n")}`;
  await using upstream = RawUpstream.start(undefined, { tls: server });
  await using files = await writeFiles({
    "upstream-ca-file": windows(authority.cert),
    "upstream-client-cert-path": windows(client.cert),
    "upstream-client-key-path": windows(client.key),
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: files.args });
  assert.equal((await request({ port: proxy.port, headers })).status, 200);
});

Deno.test("the system's store is trusted where DENO_TLS_CA_STORE says so", async () => {
  await using upstream = RawUpstream.start(undefined, { tls: server });
  await using files = await writeFiles({ "upstream-ca-file": authority.cert });
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    env: { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: files.args[1] ?? "" },
  });
  assert.equal((await request({ port: proxy.port, headers })).status, 200);
});

Deno.test("67 with a wrong authority the log says whose certificate was not trusted", async () => {
  await using upstream = RawUpstream.start(undefined, { tls: server });
  await using files = await writeFiles({ "upstream-ca-file": stranger.cert });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: files.args });
  const response = await request({ port: proxy.port, headers });
  assert.equal(response.status, 502);
  const { message } = JSON.parse(new TextDecoder().decode(response.bytes)).error;
  assert.equal(message, "The TLS handshake with the upstream failed");
  const [line] = await proxy.waitForLine(/.*certificate is not trusted.*/);
  assert.match(line, /subject="?CN=upstream/);
  assert.match(line, /issuer="CN=Test authority"/);
  assert.match(line, /reason=UnknownIssuer/);
  assert.match(line, /upstream_ca_file/);
  upstream.violations.length = 0; // The proxy breaks the handshakes off, as it must.
});

Deno.test("an upstream whose certificate is an authority's own is told that no CA file can help", async () => {
  const tls = await makeCertificate(undefined, true);
  await using upstream = RawUpstream.start(undefined, { tls });
  await using files = await writeFiles({ "upstream-ca-file": tls.cert });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: files.args });
  assert.equal((await request({ port: proxy.port, headers })).status, 502);
  const [line] = await proxy.waitForLine(/.*certificate is not trusted.*/);
  assert.match(line, /reason=CaUsedAsEndEntity/);
  assert.match(line, /hint="it is an authority's \(CA:TRUE\), which Deno takes from no server/);
  upstream.violations.length = 0; // The proxy breaks the handshakes off, as it must.
});

programTest({
  name: "mTLS: nginx with ssl_verify_client on sees the configured certificate, and no other",
  needs: [NGINX],
  fn: async () => {
    await using sockets = await WebSocketUpstream.start();
    await using nginx = await Nginx.start(
      `ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate ca.pem;
    ssl_verify_client on;
    location /ws { proxy_pass ${sockets.url}; ${UPGRADE} }
    location / { return 200 "$ssl_client_s_dn"; }`,
      { "server.pem": server.cert, "server.key": server.key, "ca.pem": authority.cert },
    );
    const ca: FlagFiles = { "upstream-ca-file": authority.cert };
    await using files = await writeFiles({
      ...ca,
      "upstream-client-cert-path": client.cert,
      "upstream-client-key-path": client.key,
    });
    await using proxy = await ProxyProcess.start({ upstreamUrl: nginx.url, args: files.args });
    const response = await request({ port: proxy.port, headers });
    assert.equal(new TextDecoder().decode(response.bytes), "CN=proxy");
    (await connect(proxy.url, { path: "/ws" })).terminate();
    const session = await sockets.nextSession();
    assert.equal(session.request.headers["x-client"], "CN=proxy");

    await using without = await writeFiles(ca);
    await using anonymous = await ProxyProcess.start({
      upstreamUrl: nginx.url,
      args: without.args,
    });
    assert.equal((await request({ port: anonymous.port, headers })).status, 400);
  },
});

const REFUSED: [name: string, files: FlagFiles, complaint: RegExp][] = [
  ["a CA file without a certificate", { "upstream-ca-file": "nothing" }, /no PEM certificate/],
  [
    "a CA file in UTF-16",
    { "upstream-ca-file": [...stranger.cert].join("\0") },
    /upstream_ca_file: .*upstream-ca-file: holds no PEM certificate, it is UTF-16, expected UTF-8/,
  ],
  ["a certificate without its key", {
    "upstream-client-cert-path": client.cert,
  }, /expected both or neither/],
  ["a key of another certificate", {
    "upstream-client-cert-path": client.cert,
    "upstream-client-key-path": server.key,
  }, /does not belong to the certificate/],
  ["a key file without a key", {
    "upstream-client-cert-path": client.cert,
    "upstream-client-key-path": client.cert,
  }, /holds no PEM private key .*, it holds a certificate/],
];

for (const [name, contents, complaint] of REFUSED) {
  Deno.test(`${name} ends the program with code 2 before it listens`, async () => {
    await using files = await writeFiles(contents);
    await using proxy = await ProxyProcess.spawn({
      upstreamUrl: "https://localhost:1",
      args: files.args,
    });
    assert.equal(await proxy.exit(), 2);
    assert.match(proxy.stdout.join("\n"), complaint);
    assert.doesNotMatch(proxy.stdout.join("\n"), /listening/);
  });
}
