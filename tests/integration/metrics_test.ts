import assert from "node:assert/strict";
import { adminUrl, untilMetric } from "../kit/process/admin.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { connect } from "../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const ADMIN = { args: ["--admin-port", "0", "--workers", "2"] };
const ADMIN_KEY = "admin-key-of-the-test";

programTest({
  name: "metrics over all workers are what promtool expects, and count what happened",
  needs: [{ program: "promtool", install: "apt-get install prometheus" }],
  async fn() {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, ...ADMIN });
    const admin = await adminUrl(proxy);
    const send = (key: string, target: string) =>
      request({
        port: proxy.port,
        method: "POST",
        target,
        headers: [["Host", "a"], ["X-Api-Key", key], ["Content-Length", "2"]],
        body: "{}",
      });
    for (let i = 0; i < 20; i++) await send(CLIENT_KEY, "/v1/messages");
    await send("wrong", "/v1/responses");
    const ok = '{dialect="anthropic",method="POST",status_class="2xx"}';
    const refused = '{dialect="openai",method="POST",status_class="4xx"}';
    await untilMetric(
      admin,
      "claude_proxy_requests_total",
      (values) => values.get(ok) === 20 && values.get(refused) === 1,
    );
    const response = await fetch(`${admin}/metrics`);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.equal(await promtoolComplaints(await response.text()), "");
  },
});

Deno.test("requests in flight are seen while they run, and clients that leave are counted", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.peerClosed();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, ...ADMIN });
  const admin = await adminUrl(proxy);
  const clients = await Promise.all(Array.from({ length: 6 }, async () => {
    const client = await RawClient.connect({ port: proxy.port });
    await client.write("GET /v1/messages HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.readHead();
    return client;
  }));
  const sum = (values: ReadonlyMap<string, number>) => values.values().reduce((a, b) => a + b, 0);
  const inFlight = (count: number) =>
    untilMetric(admin, "claude_proxy_requests_in_flight", (values) => sum(values) === count);
  await inFlight(6);
  for (const client of clients) client[Symbol.dispose]();
  await inFlight(0);
  await untilMetric(admin, "claude_proxy_client_aborts_total", (values) => sum(values) === 6);
});

Deno.test("WebSockets are counted among what is in flight, while they are open", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, ...ADMIN });
  const admin = await adminUrl(proxy);
  const sum = (values: ReadonlyMap<string, number>) => values.values().reduce((a, b) => a + b, 0);
  const counts = async (count: number) => {
    for (const metric of ["requests_in_flight", "websockets_in_flight"]) {
      await untilMetric(admin, `claude_proxy_${metric}`, (values) => sum(values) === count);
    }
  };
  const sockets = await Promise.all([connect(proxy.url), connect(proxy.url)]);
  await counts(2);
  for (const socket of sockets) socket.close();
  await counts(0);
});

Deno.test("the admin listener answers GET and HEAD under its own Host, and nothing else", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, ...ADMIN });
  const port = Number(new URL(await adminUrl(proxy)).port);
  const ask = (target: string, host = `127.0.0.1:${port}`, method = "GET") =>
    request({ port, method, target, headers: [["Host", host]] });
  for (const target of ["/", "/metrics", "/status.json", "/metrics?a=b"]) {
    assert.equal((await ask(target)).status, 200, target);
  }
  assert.equal((await ask("/elsewhere")).status, 404);
  for (const host of ["evil.example", `evil.example:${port}`, "x/../metrics?", "a@localhost"]) {
    const { status, bytes } = await ask("/metrics", host);
    assert.ok(status === 421 || status === 400, `${host}: ${status}`);
    assert.doesNotMatch(new TextDecoder().decode(bytes), /claude_proxy/);
  }
  for (const target of ["/", "/metrics", "/status.json"]) {
    const { status, headers, bytes } = await ask(target, undefined, "HEAD");
    const { headers: got } = await ask(target);
    assert.deepEqual([status, bytes.length], [200, 0], target);
    assert.deepEqual(headerValues(headers, "content-type"), headerValues(got, "content-type"));
  }
  for (const method of ["POST", "OPTIONS", "DELETE", "PUT"]) {
    const refused = await ask("/", undefined, method);
    assert.equal(refused.status, 405, method);
    assert.deepEqual(headerValues(refused.headers, "allow"), ["GET, HEAD"]);
  }
  const page = await ask("/");
  assert.match(headerValues(page.headers, "content-security-policy")[0]!, /default-src 'none'/);
  assert.equal(upstream.requests.length, 0);
});

Deno.test("admin.allowed_hosts adds names, and admin.api_key asks for itself and is never shown", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: [
      ...ADMIN.args,
      ...["--admin-allowed-hosts", "proxy.monitoring.svc", "--admin-api-key", ADMIN_KEY],
    ],
  });
  const port = Number(new URL(await adminUrl(proxy)).port);
  const ask = (target: string, authorization?: string, host = "proxy.monitoring.svc:9090") => {
    const headers: [string, string][] = [["Host", host]];
    if (authorization !== undefined) headers.push(["Authorization", authorization]);
    return request({ port, target, headers });
  };
  const basic = `Basic ${new TextEncoder().encode(`prometheus:${ADMIN_KEY}`).toBase64()}`;
  for (const target of ["/", "/metrics", "/status.json"]) {
    for (const wrong of [undefined, "Bearer wrong", `Bearer ${CLIENT_KEY}`]) {
      const { status, headers, bytes } = await ask(target, wrong);
      assert.equal(status, 401, `${target} ${wrong}`);
      assert.match(headerValues(headers, "www-authenticate")[0]!, /^Basic .*, Bearer /);
      assert.doesNotMatch(new TextDecoder().decode(bytes), /claude_proxy/);
    }
    for (const right of [`Bearer ${ADMIN_KEY}`, basic]) {
      const { status, bytes } = await ask(target, right);
      assert.equal(status, 200, `${target} ${right}`);
      assert.ok(!new TextDecoder().decode(bytes).includes(ADMIN_KEY));
    }
  }
  assert.equal((await ask("/metrics", `Bearer ${ADMIN_KEY}`, "evil.example")).status, 421);
});

Deno.test("the admin port is off unless set, and one that is taken ends the program", async () => {
  await using upstream = RawUpstream.start();
  await using off = await ProxyProcess.start({ upstreamUrl: upstream.url });
  assert.doesNotMatch(off.stdout.join("\n"), /metrics/);
  await using taken = await ProxyProcess.spawn({
    upstreamUrl: upstream.url,
    args: ["--admin-port", String(upstream.port)],
  });
  assert.equal(await taken.exit(), 1);
  assert.match(taken.stdout.join("\n"), new RegExp(`cannot listen.*127.0.0.1:${upstream.port}`));
});

async function promtoolComplaints(metrics: string): Promise<string> {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(metrics));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return code === 0 ? said : `code ${code}: ${said}`;
}
