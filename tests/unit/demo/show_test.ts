import assert from "node:assert/strict";
import { carriesOnly, credentialsIn } from "../../../tools/demo/credentials.ts";
import { createModelApi } from "../../../tools/demo/model_api.ts";
import { createScreen } from "../../../tools/demo/screen.ts";
import { playShow } from "../../../tools/demo/show.ts";

const clientKey = "demo-client-key";
const upstreamKey = "demo-upstream-key";

/** A proxy in a few lines, each of which a test can break. */
interface ToyProxy {
  refusal: () => Response;
  upstreamHeaders: (sent: Headers) => Headers;
  respond: (upstream: Response) => Response | Promise<Response>;
}

const soundProxy: ToyProxy = {
  refusal: () =>
    Response.json({ error: { message: "Wrong key" } }, {
      status: 401,
      headers: { "x-claude-proxy-error": "invalid_client_key" },
    }),
  upstreamHeaders(sent) {
    const headers = new Headers(sent);
    for (const { header } of credentialsIn(sent)) headers.set(header, upstreamKey);
    return headers;
  },
  respond: (upstream) => upstream,
};

/** Plays the show in front of a toy proxy. */
async function play(broken: Partial<ToyProxy> = {}, signal = new AbortController().signal) {
  const toy = { ...soundProxy, ...broken };
  const upstreamSaw: Headers[] = [];
  const upstream = createModelApi({
    thinkingTime: 0,
    wordTime: 0,
    onRequest: ({ headers }) => upstreamSaw.push(headers),
  });
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      carriesOnly(request.headers, clientKey)
        ? upstream(new Request(request, { headers: toy.upstreamHeaders(request.headers) }))
          .then(toy.respond)
        : toy.refusal(),
  );
  const proxyUrl = `http://127.0.0.1:${server.addr.port}`;
  let output = "";
  const screen = createScreen((text) => output += text, false);
  const passed = await playShow({
    screen,
    proxyUrl,
    clientKey,
    upstreamKey,
    upstreamSaw,
    signal,
  });
  return { passed, output };
}

Deno.test("the show passes before a sound proxy, and shows no key in full", async () => {
  const { passed, output } = await play();
  assert.ok(passed, output);
  assert.match(output, /You asked: “Why do people put a proxy in front of a model\?”/);
  assert.match(output, /You asked: “What changes in my request on its way to you\?”/);
  assert.match(output, /sent x-api-key: demo-c…, the upstream received x-api-key: demo-u…/);
  assert.match(output, /sent authorization: demo-c…, the upstream received authorization: demo-u…/);
  assert.match(output, /401\n {2}x-claude-proxy-error: invalid_client_key/);
  assert.doesNotMatch(output, /demo-client-key|demo-upstream-key|failed/);
});

const faults: [string, Partial<ToyProxy>, RegExp][] = [
  [
    "leaves the client's key in place",
    { upstreamHeaders: (sent) => sent },
    /failed {2}Expected the upstream to receive its own key and no other/,
  ],
  [
    "leaks the client's key in another header",
    {
      upstreamHeaders(sent) {
        const headers = soundProxy.upstreamHeaders(sent);
        headers.set("x-note", `for ${clientKey}`);
        return headers;
      },
    },
    /failed {2}The client's key reached the upstream/,
  ],
  [
    "answers with an error",
    { respond: () => new Response("out of order", { status: 502 }) },
    /failed {2}Expected status 200, got 502: out of order/,
  ],
  [
    "cuts the answer short",
    { respond: async (upstream) => new Response((await upstream.text()).slice(0, 1500)) },
    /failed {2}The stream ended before the answer was complete/,
  ],
  [
    "changes a word",
    { respond: async (upstream) => new Response((await upstream.text()).replace("asked", "sang")) },
    /failed {2}The answer is not what was sent/,
  ],
  [
    "lets a wrong key in",
    { refusal: () => new Response("welcome") },
    /failed {2}Expected status 401, got 200/,
  ],
  [
    "does not say that the refusal is its own",
    { refusal: () => new Response(null, { status: 401 }) },
    /failed {2}Expected x-claude-proxy-error "invalid_client_key", got null/,
  ],
];
for (const [fault, broken, complaint] of faults) {
  Deno.test(`the show fails before a proxy that ${fault}`, async () => {
    const { passed, output } = await play(broken);
    assert.equal(passed, false);
    assert.match(output, complaint);
  });
}

Deno.test("an aborted show ends without a complaint", async () => {
  await assert.rejects(play({}, AbortSignal.abort()), { name: "AbortError" });
});
