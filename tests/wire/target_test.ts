import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { headerValues } from "../kit/http1/message_head.ts";

const KEY: [string, string] = ["x-api-key", CLIENT_KEY];

Deno.test("1 2 7 8 9 11 16 17 targets that cross reach the upstream byte for byte", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: `${upstream.url}/base/` });
  const targets = [
    "/",
    "/%2F/a%2Fb",
    "//double//",
    "/empty?",
    "/?a;b&&=&c=d=e&bare",
    "/a?b?c",
    "/a?../..",
    "/%zz%00%",
    "/it's",
    "/...",
    "/@:80/x",
    `/long?${"q".repeat(30_000)}`,
  ];
  for (const target of targets) {
    await t.step(target.slice(0, 40), async () => {
      const response = await request({ port: proxy.port, target, headers: [["Host", "h"], KEY] });
      assert.equal(response.status, 200);
      assert.equal((await upstream.nextRequest()).target, `/base${target}`);
    });
  }
});

Deno.test("3 4 5 6 9 10 13 targets that would be rewritten are refused", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: `${upstream.url}/base` });
  const targets = [
    "/a/../b",
    "/../x",
    "/./a",
    "/%2e%2e/a",
    "/.%2E",
    "/a\\b",
    '/"',
    "/<",
    "/>",
    "/`",
    "/{}",
    "/?'",
    "/a#b",
    "/?a#b",
  ];
  for (const target of targets) {
    await t.step(target, async () => {
      const response = await request({ port: proxy.port, target, headers: [["Host", "h"], KEY] });
      assert.equal(response.status, 400);
      assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
        "unforwardable_request",
      ]);
    });
  }
  await t.step("OPTIONS *", async () => {
    const response = await request({ port: proxy.port, method: "OPTIONS", target: "*" });
    assert.equal(response.status, 400);
  });
  assert.deepEqual(upstream.requests, []);
});

Deno.test("client and log are told which byte of a target, or of a Host, is in the way", async () => {
  await using proxy = await ProxyProcess.start({ upstreamUrl: "http://127.0.0.1:9" });
  const refused: [target: string, host: string, fault: string][] = [
    ["/v1/a\\b", "h", 'target cannot be forwarded unchanged: "\\" (0x5C) at position 6'],
    ["/v1/../b?key=canary", "h", 'target cannot be forwarded unchanged: ".." at position 5'],
    ["/v1", "a@b", 'Host header is not a plain host[:port]: "@" (0x40) at position 2'],
  ];
  for (const [target, host, fault] of refused) {
    const response = await request({ port: proxy.port, target, headers: [["Host", host], KEY] });
    const { message } = JSON.parse(new TextDecoder().decode(response.bytes)).error;
    assert.ok(message.endsWith(fault), message);
    const detail = `detail=${JSON.stringify(message)}`;
    await proxy.waitForStdout((lines) => lines.find((line) => line.includes(detail)));
  }
  assert.doesNotMatch(proxy.stdout.join("\n"), /canary/);
});

Deno.test("15 the key is asked for by the bytes that would be forwarded", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--unauthenticated", "reject"],
  });
  const send = (target: string, host: string, keys: [string, string][] = []) =>
    request({ port: proxy.port, target, headers: [["Host", host], ...keys] });
  for (const target of ["/healthz", "/healthz?a", "http://elsewhere.example/healthz"]) {
    await t.step(`${target} needs none, and is not forwarded`, async () => {
      assert.equal((await send(target, "h")).status, 200);
    });
  }
  const lookalikes = ["/%68ealthz", "//healthz", "/healthz/", "/healthz;a", "/healthz%2f..%2fx"];
  for (const target of [...lookalikes, "/HEALTHZ", "/x?/healthz", "http://healthz/x"]) {
    await t.step(`${target} needs one`, async () => {
      assert.equal((await send(target, "h")).status, 401);
    });
  }
  for (
    const [target, host] of [["/healthz/../x", "h"], ["/x", "h/healthz?"], ["/x#/healthz", "h"]]
  ) {
    await t.step(`${target} of ${host} is refused`, async () => {
      assert.equal((await send(target ?? "", host ?? "")).status, 400);
    });
  }
  assert.deepEqual(upstream.requests, []);
  for (const target of lookalikes) {
    assert.equal((await send(target, "h", [KEY])).status, 200);
    assert.equal((await upstream.nextRequest()).target, target);
  }
});

Deno.test("17b a Host that would rewrite the target is refused", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const host of ["x/../admin?", "evil:1/pre", "h#f", "a@b", "h?x"]) {
    await t.step(host, async () => {
      const response = await request({ port: proxy.port, headers: [["Host", host], KEY] });
      assert.equal(response.status, 400);
    });
  }
  assert.deepEqual(upstream.requests, []);
});

Deno.test("12 21 40 the upstream's Host is its own, whatever the client's Host or authority", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [target: string, headers: [string, string][]][] = [
    ["/p?q", [["Host", "somebody.else.example:81"]]],
    ["/p?q", [["Host", ""]]],
    ["/p?q", []],
    ["http://elsewhere.example:81/p?q", [["Host", "h"]]],
  ];
  for (const [target, headers] of cases) {
    assert.equal((await request({ port: proxy.port, target, headers })).status, 200);
    const received = await upstream.nextRequest();
    assert.equal(received.target, "/p?q");
    assert.deepEqual(received.values("host"), [`127.0.0.1:${upstream.port}`]);
  }
});

Deno.test("14 47 methods and bodies that fetch would drop or refuse are refused by name", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [method: string, headers: [string, string][], body: string, status: number][] = [
    ["TRACE", [], "", 405],
    ["TRACK", [], "", 405],
    ["get", [], "", 405],
    ["GET", [["Content-Length", "2"]], "{}", 400],
    ["GET", [["Transfer-Encoding", "chunked"]], "2\r\n{}\r\n0\r\n\r\n", 400],
    ["HEAD", [["Content-Length", "2"]], "{}", 400],
    ["POST", [["Transfer-Encoding", "gzip, chunked"]], "0\r\n\r\n", 501],
    ["GET", [["Connection", "Upgrade"], ["Upgrade", "WebSocket"]], "", 400],
  ];
  for (const [method, headers, body, status] of cases) {
    await t.step(`${method} ${JSON.stringify(headers)}`, async () => {
      const response = await request({
        port: proxy.port,
        method,
        headers: [["Host", "h"], ...headers],
        body,
      });
      assert.equal(response.status, status);
      assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
        "unforwardable_request",
      ]);
    });
  }
  await t.step("CONNECT", async () => {
    const response = await request({ port: proxy.port, method: "CONNECT", target: "a:1" });
    assert.ok([400, 405].includes(response.status), `${response.status}`);
  });
  assert.deepEqual(upstream.requests, []);
});

Deno.test("45 every method crosses with its body, and without one where none was announced", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    await t.step(`${method} without a body`, async () => {
      const response = await request({ port: proxy.port, method });
      assert.equal(response.status, 200);
      const received = await upstream.nextRequest();
      assert.equal(received.method, method);
      assert.deepEqual(received.values("transfer-encoding"), []);
      // fetch says so for these two, as RFC 9110 §8.6 asks of a client.
      const told = method === "POST" || method === "PUT" ? ["0"] : [];
      assert.deepEqual(received.values("content-length"), told);
      assert.equal(received.bodyText, "");
    });
    if (method === "GET" || method === "HEAD") continue;
    await t.step(`${method} with a body`, async () => {
      const headers: [string, string][] = [["Host", "h"], ["Content-Length", "4"]];
      await request({ port: proxy.port, method, headers, body: "\0\r\n\xff" });
      const received = await upstream.nextRequest();
      assert.deepEqual(received.values("content-length"), ["4"]);
      assert.deepEqual(received.body, new Uint8Array([0, 13, 10, 255]));
    });
    await t.step(`${method} with a chunked body`, async () => {
      const headers: [string, string][] = [["Host", "h"], ["Transfer-Encoding", "chunked"]];
      await request({
        port: proxy.port,
        method,
        headers,
        body: "2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
      });
      const received = await upstream.nextRequest();
      assert.deepEqual(received.values("transfer-encoding"), ["chunked"]);
      assert.equal(received.bodyText, "abc");
    });
  }
});
