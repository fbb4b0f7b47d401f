import assert from "node:assert/strict";
import { adminUrl } from "../kit/process/admin.ts";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

/** Every secret there can be, each a word that stands nowhere else. */
const SECRETS = {
  clientKey: "CanaryClientKey-7f3a9",
  nextClientKey: "CanaryNextClientKey-19cd",
  wrongKey: "CanaryWrongKey-c41e7",
  upstreamKey: "sk-CanaryUpstream/Key+0",
  nextUpstreamKey: "CanaryNextUpstreamKey-88",
  clientSecret: "CanaryClientSecret~5.b2",
  eabKey: "CanaryEabHmacKey_d0d1",
  query: "CanaryQueryValue-31337",
  cookie: "CanaryCookieValue-4242",
  body: "CanaryBodyText-90210",
};
const { clientKey, wrongKey, upstreamKey } = SECRETS;

type Lines = [string, string][];

/** Ways to present a key, right and wrong, usual and odd. */
function presentations(key: string): Lines[] {
  return [
    [["X-Api-Key", key]],
    [["Api-Key", key]],
    [["Authorization", `Bearer ${key}`]],
    [["Authorization", `bEARER   ${key}`]],
    [["Authorization", key]],
    [["Authorization", `Token token=${key}`]],
    [["Authorization", `Basic ${btoa(`user:${key}`)}`]],
    [["Authorization", `Bearer ${key}, Bearer other`]],
    [["Authorization", "Bearer other"], ["X-Api-Key", key]],
    [["Proxy-Authorization", `Basic ${btoa(`${key}:`)}`]],
    [["X-Goog-Api-Key", key], ["Ocp-Apim-Subscription-Key", key]],
    [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
      ["Sec-WebSocket-Protocol", `realtime, openai-insecure-api-key.${key}`],
    ],
    [["Cookie", `session=${SECRETS.cookie}; key=${key}`]],
  ];
}

/** Places where only a mistake puts a key. */
const MISPLACED: { target: string; headers: Lines }[] = [
  { target: `/v1/${clientKey}/messages`, headers: [] },
  { target: `/v1/messages?api-key=${SECRETS.query}`, headers: [] },
  { target: `/v1/messages?${encodeURIComponent(upstreamKey)}`, headers: [] },
  { target: "/v1/messages", headers: [["X-Request-Id", clientKey]] },
  { target: "/v1/messages", headers: [["User-Agent", `${clientKey}/1.0`]] },
  { target: "/v1/messages", headers: [["Referer", `http://a/?k=${SECRETS.query}`]] },
  { target: "/v1/messages", headers: [["X-Debug", `was ${clientKey}`], ["Upgrade", "websocket"]] },
  { target: `/v1/../${clientKey}`, headers: [] },
];

/** What becomes of a forwarded request; the upstream gives away what it can. */
const UPSTREAM_FATES = ["answers", "refuses", "breaks off", "is silent"] as const;

for (const format of ["text", "json"]) {
  for (const fate of UPSTREAM_FATES) {
    Deno.test(`no secret leaves, at trace in ${format}, when the upstream ${fate}`, async () => {
      using directory = new TemporaryDirectory();
      const upstream = tellTaleUpstream(fate);
      if (fate === "refuses") await upstream[Symbol.asyncDispose]();
      const proxy = await ProxyProcess.start(runningProxy(directory, upstream.url, format));
      const replies = await everyRequest(proxy, fate === "is silent" ? 4 : Infinity);
      const admin = await adminReplies(proxy);
      reloadWithOtherSecrets(directory, upstream.url, format);
      proxy.signal("SIGHUP");
      await proxy.waitForLine(/settings reloaded/);
      await request({ port: proxy.port, headers: [["Host", "a"], ["X-Api-Key", clientKey]] });
      proxy.signal("SIGTERM");
      assert.equal(await proxy.exit(), 0);
      const files = directory.names().filter((name) => name.endsWith(".log"));
      assertNoSecret("the log files", files.map((name) => directory.read(name)).join("\n"));
      assertNoSecret("stdout", proxy.stdout.join("\n"));
      assertNoSecret("stderr", proxy.stderr.join("\n"));
      assertNoSecret("our own replies", replies);
      assertNoSecret("the admin listener", admin);
      assert.match(proxy.stdout.join("\n"), /headers/, "trace shows headers");
      if (fate !== "refuses") await upstream[Symbol.asyncDispose]();
    });
  }
}

/** Each way to authenticate upstream that there is or will be, whole and broken. */
const CONFIGURATIONS: Record<string, string> = {
  api_key: auth(`type = "api_key"\napi_key = "${upstreamKey}"`),
  azure_ad: auth(
    `type = "azure_ad"\ntenant_id = "t"\nclient_id = "c"\nclient_secret = "${SECRETS.clientSecret}"`,
  ),
  azure_cli: auth('type = "azure_cli"'),
  azure_managed_identity: auth('type = "azure_managed_identity"'),
  "a secret under a wrong name": auth(`type = "api_key"\napikey = "${upstreamKey}"`),
  "a secret of a wrong type": auth(`type = "api_key"\napi_key = ["${upstreamKey}"]`),
  "a secret that no header can carry": auth(`type = "api_key"\napi_key = "${upstreamKey}\\n"`),
  "an unfinished line": `client_api_key = "${clientKey}\nport = 1`,
  "an unset variable": `client_api_key = "${clientKey}\${UNSET}"\n${auth('type = "azure_cli"')}`,
  "external account binding": `${auth(`type = "api_key"\napi_key = "${upstreamKey}"`)}
[tls]\nmode = "acme"\nemail = "a@b.example"\ndomains = ["a.example"]\neab_key_id = "kid"
eab_hmac_key = "${SECRETS.eabKey}"`,
};

function auth(toml: string): string {
  return `client_api_key = ["${clientKey}", "${SECRETS.nextClientKey}"]\n[upstream_auth]\n${toml}\n`;
}

for (const command of ["check", "permissions", "serve"]) {
  Deno.test(`${command} prints no secret, whatever the settings are`, async (t) => {
    for (const [name, toml] of Object.entries(CONFIGURATIONS)) {
      await t.step(name, async () => {
        using directory = new TemporaryDirectory();
        Deno.writeTextFileSync(
          directory.join("config.toml"),
          `upstream_url = "http://127.0.0.1:1"\n${toml}`,
        );
        await using proxy = await ProxyProcess.spawn({
          configFile: directory.join("config.toml"),
          args: ["--log-level", "trace", ...command === "serve" ? [] : [command, "--json"]],
          env: { AZURE_CLIENT_SECRET: SECRETS.clientSecret },
          permissions: ["--allow-net", "--allow-read", "--allow-env"],
        });
        if (command === "serve") await settled(proxy);
        await proxy.exit(30_000);
        assertNoSecret("output", [...proxy.stdout, ...proxy.stderr].join("\n"));
      });
    }
  });
}

Deno.test("a command line that cannot be used repeats no secret", async () => {
  for (
    const args of [
      ["--client-api-kee", clientKey],
      [`--client-api-kee=${clientKey}`],
      [`-x${clientKey}`],
      [clientKey],
      ["--port", "x", "--upstream-api-key", upstreamKey],
      ["--upstream-url", `https://user:${upstreamKey}@host.example`],
    ]
  ) {
    await using proxy = await ProxyProcess.spawn({ args });
    assert.equal(await proxy.exit(), 2);
    assertNoSecret(args.join(" "), [...proxy.stdout, ...proxy.stderr].join("\n"));
  }
});

function runningProxy(
  directory: TemporaryDirectory,
  upstreamUrl: string,
  format: string,
): ProxyOptions {
  Deno.writeTextFileSync(
    directory.join("config.toml"),
    configuration(upstreamUrl, format, clientKey, upstreamKey, directory.path),
  );
  return {
    configFile: directory.join("config.toml"),
    args: ["--admin-port", "0", "--log-level", "trace"],
    permissions: ["--allow-net", "--allow-read", `--allow-write=${directory.path}`],
  };
}

function reloadWithOtherSecrets(directory: TemporaryDirectory, url: string, format: string): void {
  const { nextClientKey, nextUpstreamKey } = SECRETS;
  Deno.writeTextFileSync(
    directory.join("config.toml"),
    configuration(url, format, nextClientKey, nextUpstreamKey, directory.path),
  );
}

function configuration(url: string, format: string, client: string, key: string, path: string) {
  return `upstream_url = "${url}"\nclient_api_key = "${client}"\nupstream_header_timeout = 0.2\n` +
    `[upstream_auth]\ntype = "api_key"\napi_key = "${key}"\nheader = "authorization"\n` +
    `[logging]\nformat = "${format}"\nlog_path = "${path}"\n`;
}

/** It reflects the credentials it is sent, and adds some of its own. */
function tellTaleUpstream(fate: (typeof UPSTREAM_FATES)[number]): RawUpstream {
  return RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    if (fate === "is silent") return void await exchange.peerClosed();
    if (fate === "breaks off") return exchange.close();
    const sent = exchange.request.values("authorization")[0] ?? "none";
    await exchange.respond({
      status: 401,
      headers: [
        ["X-Reflected", sent],
        ["X-Reflected-Bare", sent.replace("Bearer ", "")],
        ["Request-Id", sent.replace("Bearer ", "")],
        ["Location", `https://login.example/?key=${SECRETS.query}`],
        ["Set-Cookie", `session=${SECRETS.cookie}`],
        ["X-Encoded", btoa(sent)],
      ],
      body: `{"error":"${SECRETS.body}"}`,
    });
  });
}

/** Sends everything, and returns the replies that are our own. */
async function everyRequest(proxy: ProxyProcess, most: number): Promise<string> {
  const requests = [
    ...[...presentations(clientKey), ...presentations(wrongKey)]
      .map((headers) => ({ target: `/v1/messages?beta=${SECRETS.query}`, headers })),
    ...MISPLACED,
  ].slice(0, most);
  let replies = "";
  for (const { target, headers } of requests) {
    const framing: Lines = [["Host", "a"], ["Content-Length", String(SECRETS.body.length)]];
    const response = await request({
      port: proxy.port,
      method: "POST",
      target,
      headers: [...framing, ...headers],
      body: SECRETS.body,
    });
    const own = response.headers.some(([name]) => name.toLowerCase() === "x-claude-proxy-error");
    if (own) replies += JSON.stringify(response.headers) + new TextDecoder().decode(response.bytes);
  }
  return replies;
}

async function adminReplies(proxy: ProxyProcess): Promise<string> {
  const admin = await adminUrl(proxy);
  const replies = ["/", "/metrics", "/status.json", `/${clientKey}`].map(async (path) =>
    await (await fetch(admin + path)).text()
  );
  return (await Promise.all(replies)).join("\n");
}

/** Ends a proxy that did start. */
async function settled(proxy: ProxyProcess): Promise<void> {
  try {
    await proxy.waitForLine(/listening on/);
    proxy.signal("SIGTERM");
  } catch {
    return; // It could not be used, and said so.
  }
}

function assertNoSecret(where: string, text: string): void {
  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const form of formsOf(secret)) {
      const at = text.indexOf(form);
      const around = text.slice(Math.max(0, at - 200), at + 100);
      assert.ok(at < 0, `${where} hold ${name} as ${form}:\n${around}`);
    }
  }
}

/** As it is, percent-encoded, and in base64 behind 0, 1 or 2 other bytes. */
function formsOf(secret: string): string[] {
  const encoded = ["", "x", "xx"].map((before) =>
    // What the neighbours decide is cut off at both ends.
    btoa(before + secret).slice(before.length === 0 ? 0 : 4, -4)
  );
  return [secret, encodeURIComponent(secret), ...encoded];
}
