import assert from "node:assert/strict";
import { openBlackHole } from "../kit/servers/black_hole.ts";
import { ForwardProxy } from "../kit/servers/forward_proxy.ts";
import { makeAuthority } from "../kit/tls/certificate_authority.ts";
import { freePort } from "../kit/process/free_port.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { type Handler, RawUpstream } from "../kit/http1/raw_upstream.ts";
import { SQUID, Squid } from "../kit/servers/squid.ts";
import { closed, connect, messages } from "../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";

const READ_PROXY_VARIABLES = "--allow-env=" +
  ["ALL", "HTTPS", "HTTP", "NO"].flatMap((name) => [`${name}_PROXY`, `${name.toLowerCase()}_proxy`])
    .join(",");
const PERMISSIONS = ["--allow-net", "--allow-read", READ_PROXY_VARIABLES];
const USER = { name: "user", password: "p@ss:w/rd" };

const AUTHORIZATION = `Basic ${btoa("user:secret")}`;

const authority = await makeAuthority("Test authority");
const tls = await authority.issue("upstream");

/** Answers in two chunks, so that a tunnel that buffers would show. */
const stream: Handler = async (exchange) => {
  await exchange.readBody();
  await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
  await exchange.writeChunk("data: 1\n\n");
  await exchange.writeChunk("data: 2\n\n");
  await exchange.writeChunk();
};

async function startProxy(
  upstream: { url: string },
  options: ProxyOptions,
): Promise<AsyncDisposable & { proxy: ProxyProcess }> {
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(caFile, authority.cert);
  const proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    permissions: PERMISSIONS,
    args: ["--upstream-ca-file", caFile, "--workers", "1"],
    ...options,
  });
  return {
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Deno.remove(caFile);
    },
  };
}

const post = (port: number) =>
  request({
    port,
    method: "POST",
    target: "/v1/messages",
    headers: [["Host", "localhost"], ["Content-Length", "2"], ["x-api-key", CLIENT_KEY]],
    body: "{}",
  });

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

for (const scheme of ["ws", "wss"]) {
  programTest({
    name: `a ${scheme} upstream is reached through squid with a password`,
    needs: [SQUID],
    fn: async () => {
      await using squid = await Squid.start(USER);
      await using upstream = await WebSocketUpstream.start(scheme === "wss" ? { tls } : {});
      await using started = await startProxy(upstream, {
        env: { [scheme === "wss" ? "HTTPS_PROXY" : "HTTP_PROXY"]: squid.url },
      });
      const socket = await connect(started.proxy.url);
      const { request } = await upstream.nextSession();
      assert.equal(request.headers["proxy-authorization"], undefined);
      const echoed = messages(socket, 1);
      socket.send("through a tunnel");
      assert.equal(`${(await echoed)[0]?.data}`, "through a tunnel");
      const ended = closed(socket);
      socket.close(1000);
      await ended;
      await started.proxy[Symbol.asyncDispose](); // A tunnel is logged once it ends.
      const { host } = new URL(upstream.url);
      await squid.logged(`CONNECT ${host} 200`);
    },
  });
}

for (const scheme of ["http", "https"]) {
  for (const user of [undefined, USER]) {
    programTest({
      name: `an ${scheme} upstream is reached through squid ${
        user ? "with" : "without"
      } a password`,
      needs: [SQUID],
      fn: async () => {
        await using squid = await Squid.start(user);
        await using upstream = RawUpstream.start(stream, scheme === "https" ? { tls } : {});
        await using started = await startProxy(upstream, {
          env: { [`${scheme.toUpperCase()}_PROXY`]: squid.url },
        });
        const response = await post(started.proxy.port);
        assert.equal(response.status, 200);
        assert.equal(text(response.bytes), "data: 1\n\ndata: 2\n\n");
        const received = upstream.requests[0];
        assert.ok(received);
        assert.deepEqual(received.values("proxy-authorization"), []);
        assert.equal(received.target, "/v1/messages");
        await started.proxy[Symbol.asyncDispose](); // A tunnel is logged once it ends.
        const used = scheme === "http"
          ? `POST ${upstream.url}/v1/messages 200`
          : `CONNECT localhost:${upstream.port} 200`;
        await squid.logged(used);
      },
    });
  }
}

programTest({
  name: "a forward proxy's password that may not be read works, and a line tells of the leak",
  needs: [SQUID],
  fn: async () => {
    await using squid = await Squid.start(USER);
    await using upstream = RawUpstream.start(stream, { tls });
    await using started = await startProxy(upstream, {
      env: { HTTPS_PROXY: squid.url },
      permissions: ["--allow-net", "--allow-read"],
    });
    assert.equal((await post(started.proxy.port)).status, 200);
    // Deno 2.9.6 sends it; once this fails, `src/net/proxy_stand_in.ts` can go.
    assert.equal(upstream.requests[0]?.values("proxy-authorization").length, 1);
    await started.proxy.waitForLine(/its password reaches the upstream/);
  },
});

programTest({
  name: "a wrong password for squid is a 502, and the log says why",
  needs: [SQUID],
  fn: async () => {
    await using squid = await Squid.start(USER);
    await using upstream = RawUpstream.start(stream, { tls });
    await using started = await startProxy(upstream, {
      env: { HTTPS_PROXY: squid.url.replace("user", "nobody") },
    });
    const response = await post(started.proxy.port);
    assert.equal(response.status, 502);
    assert.deepEqual(upstream.requests, []);
    await started.proxy.waitForLine(/error=upstream_unreachable.*proxy authentication required/);
  },
});

programTest({
  name: "67 behind squid too the log says whose certificate was not trusted",
  needs: [SQUID],
  fn: async () => {
    await using squid = await Squid.start(USER);
    await using upstream = RawUpstream.start(stream, { tls });
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      permissions: PERMISSIONS,
      env: { HTTPS_PROXY: squid.url },
    });
    assert.equal((await post(proxy.port)).status, 502);
    await proxy.waitForLine(/certificate is not trusted.*issuer="CN=Test authority"/);
    upstream.violations.length = 0; // The proxy breaks the handshakes off, as it must.
  },
});

Deno.test("WebSockets go through an https forward proxy, which TLS is spoken with", async () => {
  await using forwardProxy = ForwardProxy.start({ tls, authorization: AUTHORIZATION });
  const { port } = forwardProxy.url;
  await using upstream = await WebSocketUpstream.start({ tls });
  await using started = await startProxy(upstream, {
    env: { HTTPS_PROXY: `https://user:secret@localhost:${port}` },
  });
  const socket = await connect(started.proxy.url);
  const echoed = messages(socket, 1);
  socket.send("through a tunnel");
  assert.equal(`${(await echoed)[0]?.data}`, "through a tunnel");
  const ended = closed(socket);
  socket.close(1000);
  await ended;
  assert.equal(forwardProxy.heads.length, 1);
});

Deno.test("requests too go through an https forward proxy, without its password", async () => {
  await using forwardProxy = ForwardProxy.start({ tls, authorization: AUTHORIZATION });
  const { port } = forwardProxy.url;
  await using upstream = RawUpstream.start(stream, { tls });
  await using started = await startProxy(upstream, {
    env: { HTTPS_PROXY: `https://user:secret@localhost:${port}` },
  });
  assert.equal((await post(started.proxy.port)).status, 200);
  assert.deepEqual(upstream.requests[0]?.values("proxy-authorization"), []);
  assert.equal(forwardProxy.heads.length, 1);
});

Deno.test("behind an https forward proxy too the log says whose certificate was not trusted", async () => {
  await using forwardProxy = ForwardProxy.start({ tls });
  const stranger = await makeAuthority("Somebody else");
  await using upstream = RawUpstream.start(stream, { tls: await stranger.issue("upstream") });
  await using started = await startProxy(upstream, {
    env: { HTTPS_PROXY: forwardProxy.url.origin },
  });
  assert.equal((await post(started.proxy.port)).status, 502);
  await started.proxy.waitForLine(/certificate is not trusted.*issuer="CN=Somebody else"/);
  upstream.violations.length = 0; // The proxy breaks the handshakes off, as it must.
});

Deno.test("the stand-in for a forward proxy leads to the upstream and nowhere else", async () => {
  const { startProxyStandIn } = await import("../../src/net/proxy_stand_in.ts");
  await using forwardProxy = RawUpstream.start();
  const proxy = new URL(`http://user:secret@127.0.0.1:${forwardProxy.port}`);
  await using standIn = startProxyStandIn({ proxy, authority: "upstream.example:443" });
  const port = Number(new URL(standIn.url).port);
  for (const target of ["other.example:443", "upstream.example:4430"]) {
    const headers: [string, string][] = [["Host", target]];
    const { status } = await request({ port, method: "CONNECT", target, headers });
    assert.equal(status, 403);
  }
  assert.deepEqual(forwardProxy.requests, []);
});

Deno.test("NO_PROXY names upstreams that are reached directly", async () => {
  await using upstream = RawUpstream.start(stream, { tls });
  await using started = await startProxy(upstream, {
    env: { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "example.com,localhost" },
  });
  assert.equal((await post(started.proxy.port)).status, 200);
});

Deno.test("a SOCKS proxy is told of at the start, and cannot be used", async () => {
  await using upstream = RawUpstream.start();
  using socks = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    permissions: PERMISSIONS,
    env: { HTTP_PROXY: `socks5://127.0.0.1:${socks.addr.port}` },
  });
  await proxy.waitForLine(/HTTP_PROXY: expected the URL of an http:\/\/ or https:\/\/ proxy/);
  assert.equal((await post(proxy.port)).status, 502);
  assert.deepEqual(upstream.requests, []);
});

Deno.test("what NO_PROXY says in vain is told at the start", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    permissions: PERMISSIONS,
    env: { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "localhost,*.corp.example" },
  });
  await proxy.waitForLine(/level=warn .*NO_PROXY: \\"\*\.corp\.example\\" exempts nothing; /);
});

programTest({
  name: "the permissions command names what a forward proxy needs, and that is enough",
  needs: [SQUID],
  fn: async () => {
    await using squid = await Squid.start(USER);
    await using upstream = RawUpstream.start(stream, { tls });
    const env = { HTTPS_PROXY: squid.url };
    const options = { upstreamUrl: upstream.url, env, port: freePort() };
    await using asked = await ProxyProcess.spawn({
      ...options,
      permissions: ["--allow-env", "--allow-read"],
      args: ["permissions"],
    });
    assert.equal(await asked.exit(), 0);
    const permissions = asked.stdout.at(-1)?.split(" ") ?? [];
    assert.ok(permissions[0]?.includes(`127.0.0.1:${squid.port},127.0.0.1`));
    await using proxy = await ProxyProcess.start({ ...options, permissions });
    assert.equal((await post(proxy.port)).status, 502); // The tunnel stands; the CA is unknown.
    await proxy.waitForLine(/issuer="CN=Test authority"/);
    upstream.violations.length = 0;
  },
});

const CONNECT_LIMIT = ["--upstream-connect-timeout", "1"];

Deno.test("a forward proxy that takes no connection is a 502 after twice upstream_connect_timeout", async () => {
  using hole = await openBlackHole();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: "https://upstream.invalid",
    permissions: PERMISSIONS,
    env: { HTTPS_PROXY: hole.url.replace("//", "//user:secret@") },
    args: ["--workers", "1", ...CONNECT_LIMIT],
  });
  assert.equal((await post(proxy.port)).status, 502);
  await proxy.waitForLine(/detail="no connection within upstream_connect_timeout"/);
});

Deno.test("requests that a proxy of the environment carries are waited for where no other way is open", async () => {
  using unreachable = await openBlackHole();
  let thinks = 0;
  await using forwardProxy = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await new Promise((thought) => setTimeout(thought, thinks));
    thinks = 3_000;
    await exchange.respond({ body: "from behind the proxy" });
  });
  // Nobody may read the variable but fetch, which takes it all the same.
  await using proxy = await ProxyProcess.start({
    upstreamUrl: unreachable.url,
    permissions: ["--allow-net", "--allow-read"],
    env: { HTTP_PROXY: forwardProxy.url },
    args: ["--workers", "1", ...CONNECT_LIMIT],
  });
  for (const _ of ["at once", "after 3 s"]) {
    const { status, bytes } = await post(proxy.port);
    assert.equal(status, 200);
    assert.equal(text(bytes), "from behind the proxy");
  }
});
