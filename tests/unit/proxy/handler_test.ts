import assert from "node:assert/strict";
import { digestKey } from "../../../src/clients/identify.ts";
import { CredentialUnavailable } from "../../../src/credentials/holder.ts";
import { handleRequest, type Outcome } from "../../../src/proxy/handler.ts";
import type { HeldCredential } from "../../../src/upstreams/upstream.ts";
import { proxyDeps } from "../../../src/worker/proxy_deps.ts";
import { type Handler, RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { freePort } from "../../kit/process/free_port.ts";
import { HELD_KEY, workerConfig, type WorkerConfigParts } from "../../kit/process/worker_config.ts";

const CLIENT_KEY = "client-key";
const KEY = { "x-api-key": CLIENT_KEY };

/** What a request is, and what it meets. */
interface Life extends WorkerConfigParts {
  readonly path?: string;
  readonly init?: RequestInit;
  readonly credential?: HeldCredential;
  readonly isDraining?: boolean;
}

/** The response to a request, and what the log would know of it. */
interface End {
  readonly response: Response;
  readonly outcome: Outcome;
}

/** Has the handler serve one request. */
async function live(upstreamUrl: string, life: Life = {}): Promise<End> {
  const { path = "/v1/messages", init = { headers: KEY }, credential = HELD_KEY, ...rest } = life;
  const { isDraining = false, ...parts } = rest;
  const config = workerConfig(upstreamUrl, { acceptedKeys: [digestKey(CLIENT_KEY)], ...parts });
  const deps = proxyDeps(config, credential);
  const outcome: Outcome = {};
  const lifecycle = { isDraining, opened: () => assert.fail() };
  const request = new Request(`http://proxy.example${path}`, init);
  try {
    return { response: await handleRequest(request, outcome, deps, lifecycle), outcome };
  } finally {
    deps.upstream.transport.client.close();
    deps.upstream.transport.unpooledClient.close();
  }
}

/** An upstream that is not to be asked. */
async function liveAlone(life: Life): Promise<End> {
  await using upstream = RawUpstream.start();
  const end = await live(upstream.url, life);
  assert.deepEqual(upstream.requests, []);
  return end;
}

/** An upstream that takes the request and then ends as told. */
async function liveWith(end: Handler, life: Life = {}): Promise<End> {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await end(exchange);
  });
  return await live(upstream.url, life);
}

const post = (body: string, headers: Record<string, string> = KEY): RequestInit => ({
  method: "POST",
  body,
  headers: { ...headers, "content-length": `${body.length}` },
});

Deno.test("a request crosses with its base URL and its credential swapped, and nothing else", async () => {
  await using upstream = RawUpstream.start();
  const init = post("{}", { authorization: `Bearer ${CLIENT_KEY}`, "anthropic-beta": "a,b" });
  const { response, outcome } = await live(`${upstream.url}/base`, {
    path: "/v1/messages?beta=true",
    init,
    upstream: { baseUrl: `${upstream.url}/base` },
  });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "ok");
  const received = await upstream.nextRequest();
  assert.equal(received.startLine, "POST /base/v1/messages?beta=true HTTP/1.1");
  assert.deepEqual(received.values("authorization"), ["Bearer upstream-key"]);
  assert.deepEqual(received.values("anthropic-beta"), ["a,b"]);
  assert.equal(received.bodyText, "{}");
  assert.deepEqual(outcome, {
    path: "/v1/messages",
    dialect: "anthropic",
    verdict: "authenticated",
  });
});

Deno.test("a request without a key crosses without our credential, and its refusal is its own", async () => {
  const refused: number[] = [];
  const credential: HeldCredential = { ...HELD_KEY, refused: (_, status) => refused.push(status) };
  const answer: Handler = (exchange) => {
    const credentials = ["x-api-key", "api-key", "authorization"];
    assert.deepEqual(credentials.flatMap((name) => exchange.request.values(name)), []);
    return exchange.respond({ status: 401 });
  };
  const { response, outcome } = await liveWith(answer, { init: {}, credential });
  assert.equal(response.status, 401);
  assert.equal(response.headers.has("x-claude-proxy-error"), false);
  assert.equal(outcome.verdict, "anonymous");
  assert.deepEqual(refused, []);
});

for (const [status, told] of [[200, []], [401, [401]], [403, [403]], [404, []]] as const) {
  Deno.test(`an answer of ${status} to our credential ${told.length ? "is" : "is not"} told its holder`, async () => {
    const refused: number[] = [];
    const credential: HeldCredential = {
      ...HELD_KEY,
      refused: (_, status) => refused.push(status),
    };
    const { response } = await liveWith((exchange) => exchange.respond({ status }), { credential });
    assert.equal(response.status, status);
    assert.deepEqual(refused, told);
  });
}

type Refused = [what: string, life: Life, status: number, code: string, verdict?: string];

const REFUSED: Refused[] = [
  [
    "a Host that is not plain",
    { init: { headers: { host: "a@b" } } },
    400,
    "unforwardable_request",
  ],
  [
    "a target that would change, whatever the key,",
    { path: "/*", init: { method: "OPTIONS", headers: { "x-api-key": "wrong" } } },
    400,
    "unforwardable_request",
  ],
  ["a method in lower case", { init: { method: "patch" } }, 405, "unforwardable_request"],
  [
    "a GET with a body",
    { init: { headers: { ...KEY, "content-length": "1" } } },
    400,
    "unforwardable_request",
  ],
  [
    "a transfer coding that is not ours to decode",
    { init: { method: "POST", body: "", headers: { "transfer-encoding": "gzip, chunked" } } },
    501,
    "unforwardable_request",
  ],
  [
    "two lengths",
    { init: { method: "POST", body: "", headers: { "content-length": "1, 2" } } },
    400,
    "unforwardable_request",
  ],
  [
    "a wrong key",
    { init: { headers: { "x-api-key": "wrong" } } },
    401,
    "invalid_client_key",
    "denied",
  ],
  [
    "a key in a cookie",
    { init: { headers: { cookie: `key=${CLIENT_KEY}` } } },
    401,
    "misplaced_client_key",
    "anonymous",
  ],
  [
    "no key where one is asked for",
    { init: {}, settings: { unauthenticated: "reject" } },
    401,
    "missing_client_key",
    "anonymous",
  ],
  [
    "a body that says it is too large",
    { init: post("12345678901"), settings: { max_request_body: 10 } },
    413,
    "request_too_large",
    "authenticated",
  ],
  ["any request while draining", { isDraining: true }, 503, "shutting_down"],
];

for (const [what, life, status, code, verdict] of REFUSED) {
  Deno.test(`${what} is a ${status} ${code}, and the upstream is not asked`, async () => {
    const { response, outcome } = await liveAlone(life);
    assert.equal(response.status, status);
    assert.equal(response.headers.get("x-claude-proxy-error"), code);
    assert.equal((await response.json()).error.message.length > 10, true);
    assert.deepEqual([outcome.code, outcome.verdict, outcome.isOwn], [code, verdict, true]);
  });
}

const UNREACHABLE: Record<string, string> = {
  [`http://127.0.0.1:${freePort()}`]: "The connection to the upstream was refused",
  "http://nowhere.invalid": "The upstream's host name cannot be resolved",
};

for (const [url, message] of Object.entries(UNREACHABLE)) {
  Deno.test(`an upstream that is not there is a 502 that names no address: ${message}`, async () => {
    const { response, outcome } = await live(url);
    assert.equal(response.status, 502);
    assert.deepEqual(await response.json(), {
      type: "error",
      error: { type: "api_error", message },
    });
    assert.equal(outcome.code, "upstream_unreachable");
    assert.match(outcome.detail ?? "", /^client error \(Connect\)/);
  });
}

const FAILURES: [what: string, end: Handler, life: Life, message: RegExp, detail: RegExp][] = [
  [
    "a connection that ends before the answer",
    (exchange) => exchange.close(),
    {},
    /^The connection to the upstream failed before it answered$/,
    /^client error \(SendRequest\)/,
  ],
  [
    "an answer that is no HTTP",
    (exchange) => exchange.write("220 mail ready\r\n\r\n"),
    {},
    /^The upstream's answer is not valid HTTP$/,
    /invalid/,
  ],
  [
    "an answer that cannot cross",
    (exchange) => exchange.respond({ status: 205, headers: [["Content-Length", "0"]] }),
    {},
    /^The upstream gave an answer that cannot be forwarded$/,
    /^upstream answered with status 205$/,
  ],
];

for (const [what, end, life, message, detail] of FAILURES) {
  Deno.test(`${what} is a 502 with the reason in the log alone`, async () => {
    const { response, outcome } = await liveWith(end, life);
    assert.equal(response.status, 502);
    assert.match((await response.json()).error.message, message);
    assert.equal(outcome.code, "upstream_unreachable");
    assert.match(outcome.detail ?? "", detail);
  });
}

Deno.test("an upstream that is silent past the time it has is a 504", async () => {
  const silent: Handler = (exchange) => exchange.peerClosed().then(() => {});
  const { response, outcome } = await liveWith(silent, { upstream: { headerTimeoutMs: 50 } });
  assert.equal(response.status, 504);
  assert.equal((await response.json()).error.type, "timeout_error");
  assert.equal(outcome.code, "upstream_timeout");
  assert.match(outcome.detail ?? "", /upstream_header_timeout/);
});

Deno.test("a client that leaves before the answer is logged as 499, which is no error of ours", async () => {
  await using upstream = RawUpstream.start((exchange) => exchange.peerClosed().then(() => {}));
  const client = new AbortController();
  const end = live(upstream.url, { init: { headers: KEY, signal: client.signal } });
  await upstream.nextRequest();
  client.abort();
  const { response, outcome } = await end;
  assert.deepEqual([response.status, outcome.code], [499, undefined]);
});

Deno.test("without a credential in time it is a 503 that says when to come again", async () => {
  const get = () => Promise.reject(new CredentialUnavailable(42_500));
  const { response, outcome } = await liveAlone({ credential: { ...HELD_KEY, get } });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "43");
  assert.deepEqual([outcome.code, outcome.detail], [
    "upstream_auth_unavailable",
    "no upstream token",
  ]);
});

Deno.test("a client that leaves while a credential is awaited costs no request upstream", async () => {
  const client = new AbortController();
  const given = Promise.withResolvers<ReturnType<HeldCredential["get"]>>();
  const end = liveAlone({
    init: { headers: KEY, signal: client.signal },
    credential: { ...HELD_KEY, get: async () => await given.promise },
  });
  client.abort();
  given.resolve(HELD_KEY.get());
  assert.equal((await end).response.status, 499);
});

Deno.test("a fault of ours is a 500 that gives nothing away", async () => {
  const get = () => {
    throw new Error("a fault with a secret");
  };
  const { response, outcome } = await liveAlone({ credential: { ...HELD_KEY, get } });
  assert.equal(response.status, 500);
  assert.ok(!(await response.text()).includes("secret"));
  assert.equal(outcome.code, "internal_error");
  assert.match(outcome.detail ?? "", /a fault with a secret/);
});

Deno.test("health is answered without a key, also while draining", async () => {
  const none = { ...HELD_KEY, isAtHand: false };
  const cases: [life: Life, status: number][] = [
    [{ path: "/healthz" }, 200],
    [{ path: "/healthz", isDraining: true, credential: none }, 200],
    [{ path: "/readyz" }, 200],
    [{ path: "/readyz", isDraining: true }, 503],
    [{ path: "/readyz", credential: none }, 503],
  ];
  for (const [life, status] of cases) {
    const { response, outcome } = await liveAlone({ ...life, init: {} });
    assert.equal(response.status, status, JSON.stringify(life));
    assert.deepEqual([outcome.dialect, outcome.isOwn], [undefined, true]);
  }
});

Deno.test("a page of cors_origins has its preflight answered without a key, and reads our errors", async () => {
  const origin = "https://app.example.com";
  const settings: NonNullable<Life["settings"]> = {
    cors_origins: [origin],
    unauthenticated: "reject",
  };
  const headers = { origin, "access-control-request-method": "POST" };
  const preflight = { settings, init: { method: "OPTIONS", headers } };
  for (const life of [preflight, { ...preflight, isDraining: true }]) {
    const { response, outcome } = await liveAlone(life);
    assert.deepEqual([response.status, outcome.isOwn, outcome.dialect], [204, true, undefined]);
  }
  const refused: Life[] = [
    { settings, init: { headers: { origin } } },
    { settings, init: { headers: { origin, "x-api-key": "wrong" } } },
    { settings, path: "/*", init: { method: "OPTIONS", headers: { ...KEY, origin } } },
    { settings, isDraining: true, init: { headers: { ...KEY, origin } } },
  ];
  for (const life of refused) {
    const { response } = await liveAlone(life);
    assert.equal(response.headers.get("access-control-allow-origin"), origin);
    assert.equal(response.headers.has("x-claude-proxy-error"), true);
  }
  const { response } = await liveAlone({ ...refused[0], settings: { unauthenticated: "reject" } });
  assert.equal(response.headers.has("access-control-allow-origin"), false);
});

Deno.test("models that are listed are shown to clients with the key alone", async () => {
  const models = [{ id: "claude-a", api: "anthropic" }] as const;
  const path = "/v1/models?limit=1000";
  const listed = await liveAlone({ path, settings: { models } });
  assert.deepEqual((await listed.response.json()).first_id, "claude-a");
  assert.equal(listed.outcome.isOwn, true);
  const anonymous = await liveWith((exchange) => exchange.respond({ body: "upstream's" }), {
    path,
    init: {},
    settings: { models },
  });
  assert.equal(await anonymous.response.text(), "upstream's");
});
