import assert from "node:assert/strict";
import { adminUrl } from "../kit/process/admin.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

const RELOADED = /settings reloaded.* changed="?([^"]*)"?$/;

/** A proxy with a configuration file of its own, which a test rewrites. */
class Reloadable {
  readonly directory = new TemporaryDirectory();
  proxy!: ProxyProcess;

  static async start(upstream: RawUpstream, toml: string): Promise<Reloadable> {
    const reloadable = new Reloadable();
    reloadable.write(upstream, toml);
    const { path } = reloadable.directory;
    reloadable.proxy = await ProxyProcess.start({
      configFile: reloadable.directory.join("config.toml"),
      permissions: ["--allow-net", "--allow-read", `--allow-write=${path}`],
    });
    return reloadable;
  }

  write({ url }: RawUpstream, toml: string): void {
    const upstream = toml.includes("upstream_url") ? "" : `upstream_url = "${url}"\n`;
    Deno.writeTextFileSync(this.directory.join("config.toml"), upstream + toml);
  }

  /** Sends SIGHUP and waits for a line that this reload alone can have caused. */
  async reload(upstream: RawUpstream, toml: string, outcome: RegExp = RELOADED): Promise<string> {
    this.write(upstream, toml);
    const before = this.proxy.stdout.length;
    this.proxy.signal("SIGHUP");
    return await this.proxy.waitForStdout((lines) =>
      lines.slice(before).find((line) => outcome.test(line))
    );
  }

  async status(key: string, headers: [string, string][] = []): Promise<number> {
    const response = await request({
      port: this.proxy.port,
      target: "/v1/messages",
      headers: [["Host", "localhost"], ["X-Api-Key", key], ...headers],
    });
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

const AUTH = '[upstream_auth]\ntype = "api_key"\n';
const UPSTREAM = `${AUTH}api_key = "upstream-key-1"\n`;

Deno.test("client keys rotate with an overlap and without a dropped stream", async () => {
  const finished = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    if (exchange.request.target !== "/stream") return await exchange.respond();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun ");
    await finished.promise;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
  await using rig = await Reloadable.start(upstream, `client_api_key = "old-key"\n${UPSTREAM}`);
  using client = await RawClient.connect({ port: rig.proxy.port });
  await client.write("GET /stream HTTP/1.1\r\nHost: a\r\nX-Api-Key: old-key\r\n\r\n");
  const body = client.bodyOf(await client.readHead());
  await body.readSome();
  assert.deepEqual([await rig.status("old-key"), await rig.status("new-key")], [200, 401]);

  const both = await rig.reload(upstream, `client_api_key = ["old-key", "new-key"]\n${UPSTREAM}`);
  assert.match(both, /changed=client_api_key$/);
  assert.deepEqual([await rig.status("old-key"), await rig.status("new-key")], [200, 200]);
  await rig.reload(upstream, `client_api_key = "new-key"\n${UPSTREAM}`);
  assert.deepEqual([await rig.status("old-key"), await rig.status("new-key")], [401, 200]);

  finished.resolve();
  const { bytes, ended } = await body.readAll();
  assert.deepEqual([new TextDecoder().decode(bytes), ended], ["begun finished", "complete"]);
});

Deno.test("the upstream's key, stripped headers, timeouts and log settings change", async () => {
  await using upstream = RawUpstream.start();
  const first = `client_api_key = "a-key"\n${UPSTREAM}`;
  await using rig = await Reloadable.start(upstream, first);
  await rig.status("a-key", [["X-Mine", "1"]]);
  const logs = `[logging]\nlevel = "debug"\nformat = "json"\nlog_path = "${rig.directory.path}"\n`;
  const changed = await rig.reload(
    upstream,
    `client_api_key = "a-key"\nstrip_request_headers = ["x-mine"]\nupstream_header_timeout = 1\n` +
      `${AUTH}api_key = "upstream-key-2"\nheader = "api-key"\n${logs}`,
    /settings reloaded/,
  );
  assert.deepEqual(JSON.parse(changed).changed.split(", "), [
    "strip_request_headers",
    "upstream_header_timeout",
    "upstream_auth.api_key",
    "upstream_auth.header",
    "logging.log_path",
    "logging.level",
    "logging.format",
  ]);
  await rig.status("a-key", [["X-Mine", "1"]]);
  const [before, after] = upstream.requests;
  assert.deepEqual([before?.values("x-mine"), after?.values("x-mine")], [["1"], []]);
  assert.deepEqual(before?.values("x-api-key"), ["upstream-key-1"]);
  assert.deepEqual(after?.values("api-key"), ["upstream-key-2"]);
  await rig.proxy.waitForLine(/"msg":"headers"/);

  upstream.handler = (exchange) => exchange.readBody().then(() => exchange.peerClosed()).then();
  assert.equal(await rig.status("a-key"), 504);
  rig.proxy.signal("SIGTERM");
  await rig.proxy.exit();
  const file = rig.directory.names().find((name) => name.endsWith(".log"))!;
  assert.match(rig.directory.read(file), /"status":504/);
});

Deno.test("a bad file changes nothing and is reported as at the start", async () => {
  await using upstream = RawUpstream.start();
  await using rig = await Reloadable.start(upstream, `client_api_key = "a-key"\n${UPSTREAM}`);
  const bad = `client_api_key = ["b-secret-key", ""]\nprt = 1\n${UPSTREAM}`;
  const line = await rig.reload(upstream, bad, /settings not reloaded.*prt/);
  assert.match(line, /level=error .*did you mean port/);
  await rig.proxy.waitForLine(/^2 problems with the settings:$/);
  const printed = [...rig.proxy.stderr, ...rig.proxy.stdout].join("\n");
  assert.match(printed, /client_api_key: item 2 of the list: expected a key/);
  assert.doesNotMatch(printed, /b-secret-key/);
  assert.deepEqual([await rig.status("a-key"), await rig.status("b-secret-key")], [200, 401]);

  Deno.removeSync(rig.directory.join("config.toml"));
  rig.proxy.signal("SIGHUP");
  await rig.proxy.waitForLine(/settings not reloaded.*there is no file/);
  const away =
    `client_api_key = "a-key"\n[logging]\nlog_path = "/var/log/not-granted"\n${UPSTREAM}`;
  await rig.reload(upstream, away, /settings not reloaded.*--allow-write=\/var\/log\/not-granted/);
  assert.equal(await rig.status("a-key"), 200);
});

Deno.test("what a running process cannot change is said to need a restart", async () => {
  await using upstream = RawUpstream.start();
  await using rig = await Reloadable.start(upstream, `client_api_key = "a-key"\n${UPSTREAM}`);
  const next = `upstream_url = "http://127.0.0.1:1"\nclient_api_key = "b-key"\nworkers = 7\n` +
    `${UPSTREAM}[admin]\nport = 0\n`;
  const line = await rig.reload(upstream, next, /need a restart/);
  assert.match(line, /settings="upstream_url, workers, admin.port"/);
  await rig.proxy.waitForLine(/settings reloaded.* changed=client_api_key$/);
  assert.equal(await rig.status("b-key"), 200, "the same upstream, with the new key");
});

Deno.test("the models list changes, and the log says what of it", async () => {
  await using upstream = RawUpstream.start();
  const listing = (id: string) =>
    `client_api_key = "a-key"\n${UPSTREAM}[[models]]\nid = "${id}"\napi = "openai"\n`;
  await using rig = await Reloadable.start(upstream, listing("gpt-4"));
  const line = await rig.reload(upstream, listing("gpt-5"));
  assert.match(line, /changed=models\[0\]\.id$/);
  const { bytes } = await request({
    port: rig.proxy.port,
    method: "GET",
    target: "/v1/models",
    headers: [["Host", "localhost"], ["Authorization", "Bearer a-key"]],
  });
  assert.match(new TextDecoder().decode(bytes), /gpt-5/);
});

Deno.test("a request that a reload overtakes keeps what it began with", async () => {
  await using upstream = RawUpstream.start();
  const first = `client_api_key = "a-key"\n${UPSTREAM}`;
  await using rig = await Reloadable.start(upstream, first);
  using client = await RawClient.connect({ port: rig.proxy.port });
  await client.write(
    "POST /v1 HTTP/1.1\r\nHost: a\r\nX-Api-Key: a-key\r\nContent-Length: 4\r\n\r\nha",
  );
  const begun = await upstream.nextRequest();
  await rig.reload(upstream, `client_api_key = "b-key"\n${AUTH}api_key = "upstream-key-2"\n`);
  await client.write("lf");
  const response = await client.readResponse();
  assert.deepEqual([response.status, begun.values("x-api-key")], [200, ["upstream-key-1"]]);
  assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), []);
});

Deno.test("strangers are let through only where a start and a reload say so, and never with a certificate", async () => {
  await using upstream = RawUpstream.start();
  const policy = (unauthenticated: string, more = "") =>
    `client_api_key = "a-key"\nunauthenticated = "${unauthenticated}"\n${more}${UPSTREAM}`;
  const through = /level=warn .*strangers are let through to the upstream, without our cred/;
  const told = () => rig.proxy.stdout.filter((line) => through.test(line)).length;
  await using rig = await Reloadable.start(upstream, policy("reject"));
  assert.equal(told(), 0);
  await rig.reload(upstream, policy("passthrough"));
  assert.equal(told(), 1);
  const certificate = 'upstream_client_cert_path = "/c.pem"\n';
  const refused = /settings not reloaded.*upstream_client_cert_path.*strangers are let through/;
  await rig.reload(upstream, policy("passthrough", certificate), refused);
  assert.equal(told(), 1);
});

Deno.test("a start that lets strangers through says so in one line", async () => {
  await using upstream = RawUpstream.start();
  await using rig = await Reloadable.start(upstream, `client_api_key = "a-key"\n${UPSTREAM}`);
  const lines = rig.proxy.stdout.filter((line) => /strangers/.test(line));
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /level=warn .*unauthenticated is passthrough; reject refuses them/,
  );
});

Deno.test("the admin listener's key and names change on a reload; where it listens does not", async () => {
  await using upstream = RawUpstream.start();
  const toml = (admin: string) => `client_api_key = "k"\n${UPSTREAM}[admin]\nport = 0\n${admin}`;
  await using reloadable = await Reloadable.start(upstream, toml('api_key = "old-admin-key"\n'));
  const port = Number(new URL(await adminUrl(reloadable.proxy)).port);
  const status = async (key: string, host: string) => {
    const headers: [string, string][] = [["Host", host], ["Authorization", `Bearer ${key}`]];
    return (await request({ port, target: "/metrics", headers })).status;
  };
  assert.equal(await status("old-admin-key", "localhost"), 200);
  assert.equal(await status("old-admin-key", "proxy.svc"), 421);
  await reloadable.reload(
    upstream,
    toml('api_key = "new-admin-key"\nallowed_hosts = ["proxy.svc"]\n'),
  );
  assert.equal(await status("old-admin-key", "proxy.svc"), 401);
  assert.equal(await status("new-admin-key", "proxy.svc"), 200);
});
