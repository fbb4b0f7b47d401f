import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type HeaderList, headerValues } from "../kit/http1/message_head.ts";

const HOST: HeaderList = [["Host", "localhost"]];

Deno.test("31 the upstream sees the client's headers and exactly the documented others", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  await request({ port: proxy.port, headers: HOST });
  assert.deepEqual((await upstream.nextRequest()).headers.sort(), [
    ["accept", "*/*"],
    ["accept-encoding", "identity"],
    ["accept-language", "*"],
    ["host", `127.0.0.1:${upstream.port}`],
    ["user-agent", `Deno/${Deno.version.deno}`],
  ]);
  const sent: HeaderList = [
    ["Accept", "text/event-stream"],
    ["Accept-Language", "de"],
    ["User-Agent", "claude-cli/2.1 (external, cli)"],
    ["Anthropic-Beta", "a-2025-01-01,b-2025-01-01"],
    ["X-Stainless-Helper-Method", "stream"],
    ["X-Empty", ""],
    ["x_api_key", "not a credential"],
  ];
  await request({ port: proxy.port, headers: [...HOST, ...sent] });
  assert.deepEqual(
    (await upstream.nextRequest()).headers.sort(),
    [
      ...sent.map(([name, value]): [string, string] => [name.toLowerCase(), value]),
      ["accept-encoding", "identity"] as [string, string],
      ["host", `127.0.0.1:${upstream.port}`] as [string, string],
    ].sort(),
  );
});

Deno.test("18 19 36 hop-by-hop fields are stripped both ways, with what Connection lists", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({
      headers: [
        ["Connection", "keep-alive, X-Hop"],
        ["X-Hop", "1"],
        ["Keep-Alive", "timeout=5"],
        ["Proxy-Authenticate", "Basic"],
        ["Trailer", "X-Sum"],
        ["Upgrade", "h2c"],
        ["X-Kept", "1"],
      ],
    });
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const response = await request({
    port: proxy.port,
    headers: [
      ...HOST,
      ["Connection", "X-Hop , upgrade"],
      ["X-Hop", "1"],
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Authorization", "Basic eA=="],
      ["Proxy-Connection", "keep-alive"],
      ["TE", "trailers"],
      ["Trailer", "X-Sum"],
      ["Upgrade", "h2c"],
      ["X-Kept", "1"],
    ],
  });
  const names = (headers: HeaderList) => headers.map(([name]) => name).sort();
  assert.deepEqual(names(response.headers), ["content-length", "date", "x-kept"]);
  const invented = ["accept", "accept-encoding", "accept-language", "host", "user-agent"];
  assert.deepEqual(names((await upstream.nextRequest()).headers), [...invented, "x-kept"].sort());
});

Deno.test("30 heads of 128 lines and 64 KiB cross, responses of 100 lines; longer ones are refused", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const lines = (count: number): HeaderList =>
    Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]);
  const asked = async (headers: HeaderList) =>
    (await request({ port: proxy.port, headers: [...HOST, ...headers] })).status;
  assert.equal(await asked(lines(127)), 200);
  assert.equal(await asked(lines(128)), 400);
  assert.equal(await asked([["x", "l".repeat(65_000)]]), 200);
  assert.equal(await asked([["x", "l".repeat(66_000)]]), 400);
  assert.equal(upstream.requests.length, 2);
  upstream.handler = (exchange) => exchange.respond({ headers: lines(99) }); // And its length.
  assert.equal(await asked([]), 200);
  upstream.handler = (exchange) => exchange.respond({ headers: lines(100) });
  assert.equal(await asked([]), 502);
  upstream.handler = (exchange) => exchange.respond({ headers: [["x", "l".repeat(300_000)]] });
  assert.equal(await asked([]), 200);
});

Deno.test("24 what an ingress adds is stripped, as configured", async () => {
  await using upstream = RawUpstream.start();
  const headers: HeaderList = [
    ...HOST,
    ["X-Forwarded-For", "10.1.2.3"],
    ["X-MS-Client-Principal-Id", "a"],
    ["X-Ms-Client-Request-Id", "meant"],
    ["X-Mine-Id", "b"],
  ];
  const kept = async (args: string[]) => {
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args });
    await request({ port: proxy.port, headers });
    const received = (await upstream.nextRequest()).headers.map(([name]) => name);
    return received.filter((name) => name.startsWith("x-")).sort();
  };
  const ours = ["x-ms-client-principal-id", "x-ms-client-request-id"];
  assert.deepEqual(await kept([]), ["x-mine-id", "x-ms-client-request-id"]);
  const all = ["x-forwarded-for", "x-mine-id", ...ours];
  assert.deepEqual(await kept(["--strip-request-headers", ""]), all);
  for (
    const [entry, left] of [
      ["x-mine-", ["x-forwarded-for", ...ours]],
      ["X-Mine*", ["x-forwarded-for", ...ours]],
      ["x-mine", all],
      ["x-mine-id", ["x-forwarded-for", ...ours]],
      ["x-ms-client-principal*,x-forwarded-for", ["x-mine-id", "x-ms-client-request-id"]],
    ] as const
  ) {
    assert.deepEqual(await kept(["--strip-request-headers", entry]), left, entry);
  }
});

Deno.test("25 26 28 34 repeated and non-ASCII headers, cookies and Date", async () => {
  const bytes = "caf\xe9 \xc3\xa9 \x80\xff";
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({
      headers: [
        ["Set-Cookie", "a=1; Path=/"],
        ["Set-Cookie", "b=2, c"],
        ["Vary", "origin"],
        ["Vary", "accept"],
        ["Date", "Mon, 01 Jan 2024 00:00:00 GMT"],
        ["X-Bytes", bytes],
      ],
    });
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const { headers } = await request({
    port: proxy.port,
    headers: [...HOST, ["X-A", "1"], ["x-a", "2"], ["X-Bytes", bytes]],
  });
  assert.deepEqual(headerValues(headers, "set-cookie"), ["a=1; Path=/", "b=2, c"]);
  assert.deepEqual(headerValues(headers, "vary"), ["origin, accept"]);
  assert.deepEqual(headerValues(headers, "date"), ["Mon, 01 Jan 2024 00:00:00 GMT"]);
  assert.deepEqual(headerValues(headers, "x-bytes"), [bytes]);
  const received = await upstream.nextRequest();
  assert.deepEqual(received.values("x-a"), ["1, 2"]);
  assert.deepEqual(received.values("x-bytes"), [bytes]);
});

Deno.test("health_endpoints = false gives /healthz and /readyz back to the upstream", async () => {
  await using upstream = RawUpstream.start();
  await using ours = await ProxyProcess.start({ upstreamUrl: upstream.url });
  await using theirs = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--health-endpoints", "false"],
  });
  for (const target of ["/healthz", "/readyz"]) {
    assert.equal((await request({ port: ours.port, target })).status, 200);
    assert.equal(upstream.requests.length, 0);
  }
  for (const target of ["/healthz", "/readyz"]) {
    await request({ port: theirs.port, target });
    assert.equal((await upstream.nextRequest()).target, target);
  }
});

Deno.test("23 a request logs one line, with neither key, query nor body", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--log-level", "trace"],
  });
  await request({
    port: proxy.port,
    method: "POST",
    target: "/v1/messages?beta=true&key=query-secret",
    headers: [...HOST, ["x-api-key", CLIENT_KEY], ["Content-Length", "11"]],
    body: "body-secret",
  });
  await request({
    port: proxy.port,
    target: "/x",
    headers: [...HOST, ["api-key", "wrong-secret"]],
  });
  await proxy.waitForLine(
    /msg=request id=\S+ worker=\d+ client=authenticated method=POST path=\/v1\/messages dialect=anthropic status=200 first_byte_ms=\d+ ms=\d+ request_bytes=11 response_bytes=2$/,
  );
  await proxy.waitForLine(
    /client=denied method=GET path=\/x dialect=openai status=401 .*error=invalid_client_key/,
  );
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  const printed = [...proxy.stdout, ...proxy.stderr].join("\n");
  assert.equal(proxy.stdout.filter((line) => line.includes("msg=request")).length, 2);
  for (const secret of [CLIENT_KEY, UPSTREAM_KEY, "query-secret", "body-secret", "wrong-secret"]) {
    assert.ok(!printed.includes(secret), secret);
  }
});
