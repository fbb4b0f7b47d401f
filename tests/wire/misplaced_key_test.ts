import assert from "node:assert/strict";
import { type HeaderList, headerValues } from "../kit/http1/message_head.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const PERCENT_ENCODED = [...CLIENT_KEY].map((char) => `%${char.charCodeAt(0).toString(16)}`).join(
  "",
);
const UPGRADE: HeaderList = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

/** Where people put a key that is to go into a header, and what they are told of it. */
const MISPLACED: [name: string, target: string, headers: HeaderList, told: RegExp][] = [
  [
    "in the subprotocol of a request that is no upgrade",
    "/v1/responses",
    [["Sec-WebSocket-Protocol", `realtime, openai-insecure-api-key.${CLIENT_KEY}`]],
    /among the subprotocols/,
  ],
  [
    "in that subprotocol in other letters",
    "/v1/responses",
    [["Sec-WebSocket-Protocol", `OpenAI-Insecure-API-Key.${CLIENT_KEY}`]],
    /among the subprotocols/,
  ],
  ["in x_api_key", "/v1/messages", [["x_api_key", CLIENT_KEY]], /in a header/],
  ["in a cookie", "/v1/messages", [["Cookie", `a=1; key=${CLIENT_KEY}`]], /in a cookie/],
  ["in ?api-key=", `/v1/messages?api-key=${CLIENT_KEY}`, [], /in the query/],
  ["in ?key=", `/v1/messages?beta=true&key=${PERCENT_ENCODED}`, [], /in the query/],
  ["in a list", "/v1/messages", [["X-Keys", `other,${CLIENT_KEY}`]], /in a header/],
  ["behind Bearer", "/v1/messages", [["X-Authorization", `Bearer ${CLIENT_KEY}`]], /in a header/],
  ["in the path", `/${PERCENT_ENCODED}/v1/messages`, [], /in the path/],
  ["in a WebSocket's query", `/v1/realtime?api-key=${CLIENT_KEY}`, UPGRADE, /in the query/],
  [
    "as a subprotocol of its own",
    "/v1/realtime",
    [...UPGRADE, ["Sec-WebSocket-Protocol", `realtime, ${CLIENT_KEY}`]],
    /among the subprotocols/,
  ],
  [
    "in everything that a log may show",
    `/v1/${PERCENT_ENCODED}/${CLIENT_KEY}?key=${CLIENT_KEY}`,
    [["X-Request-Id", CLIENT_KEY], ["User-Agent", CLIENT_KEY], ["Referer", CLIENT_KEY]],
    /in the query/,
  ],
];

for (const policy of ["passthrough", "reject"]) {
  Deno.test(`22 a key in the wrong place does not reach the upstream, with ${policy}`, async (t) => {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--unauthenticated", policy, "--log-level", "trace"],
    });
    for (const [name, target, headers, told] of MISPLACED) {
      await t.step(name, async () => {
        const response = await request({
          port: proxy.port,
          target,
          headers: [["Host", "localhost"], ...headers],
        });
        assert.equal(response.status, 401);
        assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
          "misplaced_client_key",
        ]);
        assert.deepEqual(headerValues(response.headers, "x-should-retry"), ["false"]);
        const body = new TextDecoder().decode(response.bytes);
        assert.match(JSON.parse(body).error.message, told);
        assert.match(body, /send it in x-api-key, api-key or Authorization: Bearer/);
        const answer = JSON.stringify(response.headers) + body;
        for (const form of [CLIENT_KEY, PERCENT_ENCODED]) assert.ok(!answer.includes(form));
      });
    }
    assert.deepEqual(upstream.requests, []);
    await proxy.waitForStdout((lines) =>
      lines.filter((line) => line.includes("misplaced_client_key")).length === MISPLACED.length ||
      undefined
    );
    const printed = [...proxy.stdout, ...proxy.stderr].join("\n");
    // Not even what stands where the key stood: nothing of the client's is logged.
    for (const form of [CLIENT_KEY, PERCENT_ENCODED, "[redacted]"]) {
      assert.ok(!printed.includes(form), form);
    }
    assert.match(
      printed,
      /client=anonymous .*error=misplaced_client_key detail="a key in the query"/,
    );
  });
}

/** What is nearly one of those, and crosses as it is. */
const HARMLESS: [name: string, target: string, headers: HeaderList][] = [
  ["another's key", "/v1/messages?key=other", [["x_api_key", "other"], ["Cookie", "key=other"]]],
  ["more than the key", `/v1/messages?key=${CLIENT_KEY}x`, [["X-A", `was ${CLIENT_KEY}`]]],
];

Deno.test("32 what is no key of ours crosses, wherever it stands", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const [name, target, headers] of HARMLESS) {
    await t.step(name, async () => {
      const response = await request({
        port: proxy.port,
        target,
        headers: [["Host", "localhost"], ...headers],
      });
      assert.equal(response.status, 200);
      const received = await upstream.nextRequest();
      assert.equal(received.target, target);
      for (const [name, value] of headers) assert.deepEqual(received.values(name), [value]);
    });
  }
});

Deno.test("22 the subprotocol of a key is taken out of any request, and other subprotocols stay", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [sent: string, crosses: string[]][] = [
    ["realtime ,v1", ["realtime ,v1"]],
    ["realtime,openai-insecure-api-key.wrong,v1", ["realtime, v1"]],
    ["OPENAI-insecure-api-key.wrong", []],
  ];
  for (const [sent, crosses] of cases) {
    for (const key of [[], [["X-Api-Key", CLIENT_KEY]]] as HeaderList[]) {
      const response = await request({
        port: proxy.port,
        headers: [["Host", "localhost"], ["Sec-WebSocket-Protocol", sent], ...key],
      });
      assert.equal(response.status, 200);
      const received = await upstream.nextRequest();
      assert.deepEqual(received.values("sec-websocket-protocol"), crosses);
      assert.deepEqual(received.values("x-api-key"), key.length === 0 ? [] : [UPSTREAM_KEY]);
    }
  }
});
