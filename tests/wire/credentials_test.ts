import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { HeaderList } from "../kit/http1/message_head.ts";

const HEADERS = ["x-api-key", "api-key", "authorization"] as const;
type CredentialHeader = typeof HEADERS[number];

/** What an upstream of each kind is told our key in; "same" is whatever the client used. */
const UPSTREAMS: [kind: string, host: string, header: CredentialHeader | "same"][] = [
  ["Anthropic's", "api.anthropic.com", "x-api-key"],
  ["Azure's", "my-resource.services.ai.azure.com", "api-key"],
  ["OpenAI's", "api.openai.com", "authorization"],
  ["any other", "models.example", "same"],
];

const line = (header: CredentialHeader, key: string, scheme = "Bearer"): [string, string] => [
  header,
  header === "authorization" ? `${scheme} ${key}` : key,
];

interface Presented {
  name: string;
  lines: HeaderList;
  verdict: "authenticated" | "anonymous" | "denied";
  usedHeaders: CredentialHeader[];
}

function presentedIn(header: CredentialHeader): Presented[] {
  const other = HEADERS[(HEADERS.indexOf(header) + 1) % HEADERS.length] ?? "x-api-key";
  const one = { usedHeaders: [header] };
  return [
    { name: "the right key", lines: [line(header, CLIENT_KEY)], verdict: "authenticated", ...one },
    { name: "a wrong key", lines: [line(header, "wrong")], verdict: "denied", ...one },
    {
      name: `the right key, and a wrong one in ${other}`,
      lines: [line(header, CLIENT_KEY), line(other, "wrong")],
      verdict: "authenticated",
      usedHeaders: [header, other],
    },
  ];
}

const LOWER_CASE: Presented = {
  name: "the right key behind a lower-case bearer",
  lines: [line("authorization", CLIENT_KEY, "bearer")],
  verdict: "authenticated",
  usedHeaders: ["authorization"],
};
const NONE: Presented = { name: "nothing", lines: [], verdict: "anonymous", usedHeaders: [] };

const MATRIX: [header: string, presented: Presented][] = [
  ["", NONE],
  ...HEADERS.flatMap((header) => presentedIn(header).map((p): [string, Presented] => [header, p])),
  ["authorization", LOWER_CASE],
];

for (const [kind, host, upstreamHeader] of UPSTREAMS) {
  Deno.test(`20 22 what ${kind} upstream is shown of every client credential`, async (t) => {
    await using upstream = RawUpstream.start();
    // The hosts that decide about the header are public ones: a forward proxy stands in for them.
    await using proxy = await ProxyProcess.start({
      upstreamUrl: `http://${host}`,
      env: { HTTP_PROXY: upstream.url },
    });
    for (const [header, presented] of MATRIX) {
      await t.step(`${presented.name} ${header && `in ${header}`}`, async () => {
        const before = upstream.requests.length;
        const response = await request({
          port: proxy.port,
          method: "POST",
          target: "/v1/responses",
          headers: [["Host", "localhost"], ["Content-Length", "2"], ...presented.lines, [
            "Connection",
            "x-api-key, api-key, authorization",
          ]],
          body: "{}",
        });
        if (presented.verdict === "denied") {
          assert.equal(response.status, 401);
          assert.equal(upstream.requests.length, before, "nothing may reach the upstream");
          return;
        }
        assert.equal(response.status, 200);
        const received = upstream.requests.at(-1);
        assert.ok(received);
        assert.deepEqual(
          received.headers.filter(([name]) => HEADERS.some((header) => header === name)).sort(),
          expectedLines(presented, upstreamHeader).sort(),
        );
        const bytes = new TextDecoder("latin1").decode(received.rawHead);
        assert.ok(!bytes.includes(CLIENT_KEY), "the client's key must not reach the upstream");
      });
    }
  });
}

function expectedLines(
  { verdict, usedHeaders }: Presented,
  upstreamHeader: CredentialHeader | "same",
): HeaderList {
  if (verdict === "anonymous") return [];
  const headers = upstreamHeader === "same" ? usedHeaders : [upstreamHeader];
  return headers.map((header) => line(header, UPSTREAM_KEY));
}

for (const header of HEADERS) {
  Deno.test(`upstream_auth.header = "${header}" is used whatever the client used`, async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--upstream-auth-header", header],
    });
    for (const used of HEADERS) {
      await request({
        port: proxy.port,
        headers: [["Host", "localhost"], line(used, CLIENT_KEY)],
      });
      const received = await upstream.nextRequest();
      assert.deepEqual(
        received.headers.filter(([name]) => HEADERS.some((header) => header === name)),
        [line(header, UPSTREAM_KEY)],
      );
    }
  });
}

Deno.test('a client without a key gets 401 where unauthenticated = "reject"', async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--unauthenticated", "reject"],
  });
  const response = await request({ port: proxy.port, target: "/v1/messages" });
  assert.equal(response.status, 401);
  assert.deepEqual(upstream.requests, []);
  assert.equal(
    JSON.parse(new TextDecoder().decode(response.bytes)).error.type,
    "authentication_error",
  );
});

Deno.test("a wrong key for the models list gets an error that its caller's SDK can read", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const errorTo = async (presented: [string, string]) => {
    const response = await request({
      port: proxy.port,
      target: "/v1/models?limit=1000",
      headers: [["Host", "localhost"], presented],
    });
    assert.equal(response.status, 401);
    return JSON.parse(new TextDecoder().decode(response.bytes));
  };
  const anthropic = await errorTo(line("x-api-key", "wrong"));
  assert.equal(anthropic.type, "error");
  assert.equal(anthropic.error.type, "authentication_error");
  const openai = await errorTo(line("authorization", "wrong"));
  assert.equal(openai.error.code, "invalid_client_key");
  assert.deepEqual(upstream.requests, []);
});
