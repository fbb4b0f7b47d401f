import assert from "node:assert/strict";
import { FRONT_END_HEADERS } from "../../../src/config/schema/front_end_headers.ts";
import { formatSource } from "../../../src/config/load/source.ts";
import { failure, load, onlyComplaint, REQUIRED } from "./loading.ts";

Deno.test("a flag wins over a variable, a variable over the file, the file over the default", async () => {
  const toml = "port = 3\n";
  const variable = { ...REQUIRED, CLAUDE_PROXY__PORT: "2" };
  const cases = [
    { world: {}, port: 8080, source: "default" },
    { world: { toml }, port: 3, source: "config.toml:1" },
    { world: { toml, env: variable }, port: 2, source: "CLAUDE_PROXY__PORT" },
    { world: { toml, env: variable, flags: { port: "1" } }, port: 1, source: "--port" },
  ];
  for (const { world, port, source } of cases) {
    const loaded = await load(world);
    assert.equal(loaded.settings.port, port);
    assert.equal(formatSource(loaded.provenance.get("port")!), source);
  }
});

Deno.test("the file may set half of a section and the environment the rest", async () => {
  const { settings, provenance } = await load({
    toml: '[upstream_auth]\ntype = "api_key"\nheader = "api-key"\n',
    env: {
      CLAUDE_PROXY__UPSTREAM_URL: "https://upstream.test",
      CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: "from-variable",
    },
    flags: { client_api_key: "from-flag" },
  });
  assert.deepEqual(settings.upstream_auth, {
    type: "api_key",
    api_key: "from-variable",
    header: "api-key",
  });
  const sources = ["client_api_key", "upstream_auth.type", "upstream_auth.api_key"].map((path) =>
    formatSource(provenance.get(path)!)
  );
  assert.deepEqual(sources, [
    "--client-api-key",
    "config.toml:2",
    "CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY",
  ]);
});

Deno.test("without flags, file and optional variables every default holds", async () => {
  const { settings } = await load({});
  assert.deepEqual(settings, {
    bind_address: "0.0.0.0",
    port: 8080,
    upstream_url: "https://upstream.test",
    client_api_key: ["client-key"],
    unauthenticated: "passthrough",
    strip_request_headers: [...FRONT_END_HEADERS],
    upstream_connect_timeout: 10,
    upstream_header_timeout: 600,
    upstream_http2: false,
    health_endpoints: true,
    request_id_headers: ["x-request-id", "x-client-request-id"],
    cors_origins: [],
    shutdown_timeout: 600,
    workers: "auto",
    upstream_auth: { type: "api_key", api_key: "upstream-key", header: "auto" },
    tls: { mode: "disabled" },
    logging: { level: "info", rotation: "daily", log_prefix: "claude-proxy", format: "text" },
    admin: { bind_address: "127.0.0.1", allowed_hosts: [] },
    models: [],
  });
});

Deno.test("text of flags and variables becomes the setting's type", async () => {
  const { settings } = await load({
    env: {
      ...REQUIRED,
      CLAUDE_PROXY__UPSTREAM_HTTP2: "true",
      CLAUDE_PROXY__STRIP_REQUEST_HEADERS: "X-One-, x-two-",
      CLAUDE_PROXY__WORKERS: "2",
      CLAUDE_PROXY__MAX_REQUEST_BODY: "1000",
    },
    flags: { upstream_header_timeout: "0.5", health_endpoints: "false" },
  });
  assert.equal(settings.upstream_http2, true);
  assert.deepEqual(settings.strip_request_headers, ["x-one-", "x-two-"]);
  assert.equal(settings.workers, 2);
  assert.equal(settings.max_request_body, 1000);
  assert.equal(settings.upstream_header_timeout, 0.5);
  assert.equal(settings.health_endpoints, false);
});

Deno.test("an empty list in a variable is an empty list", async () => {
  const env = { ...REQUIRED, CLAUDE_PROXY__STRIP_REQUEST_HEADERS: "" };
  assert.deepEqual((await load({ env })).settings.strip_request_headers, []);
});

Deno.test("a value that loses is not looked at", async () => {
  const { settings } = await load({
    toml: 'client_api_key = "${NOT_SET}"\nport = "wrong"\n',
    flags: { port: "1" },
  });
  assert.deepEqual(settings.client_api_key, ["client-key"]);
});

Deno.test("a setting that nobody gives is named with every way to give it", async () => {
  const { complaints } = await failure({ env: {} });
  assert.deepEqual(complaints, [
    "upstream_url is not set: give --upstream-url <URL>, CLAUDE_PROXY__UPSTREAM_URL, " +
    "or upstream_url in the configuration file",
    "client_api_key is not set: give --client-api-key <KEY>, CLAUDE_PROXY__CLIENT_API_KEY, " +
    "or client_api_key in the configuration file",
    "upstream_auth.type is not set: give --upstream-auth-type <TYPE>, " +
    "CLAUDE_PROXY__UPSTREAM_AUTH__TYPE, or type under [upstream_auth] in the configuration " +
    "file (one of api_key, azure_ad, azure_cli, azure_managed_identity, azure_workload_identity, chain)",
  ]);
});

Deno.test("complaints from flag, variable and file come together", async () => {
  const { complaints } = await failure({
    toml: "prot = 1\nworkers = 0\n",
    env: { ...REQUIRED, CLAUDE_PROXY__HEALTH_ENDPOINTS: "yes", CLAUDE_PROXY__PROT: "1" },
    flags: { port: "65536" },
  });
  assert.deepEqual(complaints, [
    "config.toml:1: unknown key prot; did you mean port?",
    "--port: expected a whole number from 0 to 65535, got 65536",
    'CLAUDE_PROXY__HEALTH_ENDPOINTS: expected true or false, got "yes"',
    'config.toml:2: workers: expected "auto" or a whole number from 1 to 256, got 0',
    "CLAUDE_PROXY__PROT: unknown variable; did you mean CLAUDE_PROXY__PORT?",
  ]);
});

Deno.test("a type that needs a key says so", async () => {
  const { CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: _, ...env } = REQUIRED;
  const complaint = await onlyComplaint({ env });
  assert.match(
    complaint,
    /^upstream_auth\.api_key is not set \(type = "api_key" needs it\): give /,
  );
});
