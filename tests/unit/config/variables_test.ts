import assert from "node:assert/strict";
import { failure, load, onlyComplaint, REQUIRED } from "./loading.ts";

Deno.test("a variable with our prefix and no setting is a complaint without its value", async () => {
  assert.equal(
    await onlyComplaint({ env: { ...REQUIRED, CLAUDE_PROXY__LOGGING__LEVLE: "SECRET" } }),
    "CLAUDE_PROXY__LOGGING__LEVLE: unknown variable; did you mean CLAUDE_PROXY__LOGGING__LEVEL?",
  );
});

Deno.test("the variables Kubernetes sets for a service called claude-proxy are none of ours", async () => {
  const env = {
    ...REQUIRED,
    CLAUDE_PROXY_PORT: "tcp://10.0.0.1:80",
    CLAUDE_PROXY_SERVICE_HOST: "",
  };
  assert.equal((await load({ env })).settings.port, 8080);
});

Deno.test("a variable with one underscore where a setting's has two is a complaint", async () => {
  const cases = [
    ["CLAUDE_PROXY_PORT", "CLAUDE_PROXY__PORT"],
    ["CLAUDE_PROXY_UPSTREAM_AUTH_TYPE", "CLAUDE_PROXY__UPSTREAM_AUTH__TYPE"],
    ["CLAUDE_PROXY__UPSTREAM_AUTH_TYPE", "CLAUDE_PROXY__UPSTREAM_AUTH__TYPE"],
    ["CLAUDE_PROXY_UPSTREAM_AUTH__TYPE", "CLAUDE_PROXY__UPSTREAM_AUTH__TYPE"],
    ["CLAUDE_PROXY__CONFIG_FILE", "CLAUDE_PROXY_CONFIG_FILE"],
  ];
  for (const [wrong = "", right] of cases) {
    assert.equal(
      await onlyComplaint({ env: { ...REQUIRED, [wrong]: "SECRET" } }),
      `${wrong}: unknown variable; did you mean ${right}?`,
    );
  }
});

Deno.test("it is noticed where variables cannot be listed, but may be read", async () => {
  assert.equal(
    await onlyComplaint({
      env: { ...REQUIRED, CLAUDE_PROXY_PORT: "9000" },
      envNotGranted: ["HOME"],
    }),
    "CLAUDE_PROXY_PORT: unknown variable; did you mean CLAUDE_PROXY__PORT?",
  );
});

Deno.test("where variables cannot be listed, unknown ones go unnoticed", async () => {
  const env = { ...REQUIRED, CLAUDE_PROXY__PROT: "1" };
  assert.equal((await load({ env, envNotGranted: ["HOME"] })).settings.port, 8080);
});

Deno.test("values of flags and variables are not expanded", async () => {
  const { settings } = await load({
    env: { ...REQUIRED, CLAUDE_PROXY__CLIENT_API_KEY: "${A}$$" },
    flags: { "upstream_auth.api_key": "$A" },
  });
  assert.deepEqual(settings.client_api_key, ["${A}$$"]);
  assert.deepEqual(settings.upstream_auth, { type: "api_key", api_key: "$A", header: "auto" });
});

Deno.test("strings of the file are expanded, also in lists", async () => {
  const { settings } = await load({
    toml: 'bind_address = "127.0.0.${LAST}"\nstrip_request_headers = ["x-$A-", "y-${B}-"]',
    env: { ...REQUIRED, LAST: "9", A: "one", B: "two" },
  });
  assert.equal(settings.bind_address, "127.0.0.9");
  assert.deepEqual(settings.strip_request_headers, ["x-one-", "y-two-"]);
});

Deno.test("what cannot be expanded is a complaint with line and key", async () => {
  const { CLAUDE_PROXY__CLIENT_API_KEY: _, ...env } = REQUIRED;
  const cases = [
    ["${NO}", "the variable NO is not set; a literal $ is written $$"],
    ["pa$SECRET", "the variable after $ is not set; a literal $ is written $$"],
    ["$HID", "not allowed to read the variable after $; a literal $ is written $$"],
    ["$IGNORED", "the variable after $ is hidden by --ignore-env; a literal $ is written $$"],
    ["a${NO", "${ has no closing }; a literal $ is written $$"],
    ["${}", "${…} holds no variable's name; a literal $ is written $$"],
    ["${SECRET-x}", "${…} holds no variable's name; a literal $ is written $$"],
    ["${HID}", "not allowed to read the variable HID"],
    ["${IGNORED}", "the variable IGNORED is hidden by --ignore-env"],
    ["${EMPTY}", "expected a key, but it is empty: that protects nothing"],
  ] as const;
  for (const [value, message] of cases) {
    const complaint = await onlyComplaint({
      toml: `\nclient_api_key = "${value}"`,
      env: { ...env, EMPTY: "" },
      envNotGranted: ["HID"],
      envHidden: ["IGNORED"],
    });
    assert.equal(complaint, `config.toml:2: client_api_key: ${message}`);
  }
});

Deno.test("one note tells how to allow every variable that a start looks at", async () => {
  const { CLAUDE_PROXY__CLIENT_API_KEY: _, ...env } = REQUIRED;
  const world = { env, envNotGranted: ["A"], envHidden: ["B"] };
  const both = await failure({ ...world, toml: 'client_api_key = "${A}${B}"' });
  assert.deepEqual(both.notes, [
    "Environment variables were not read: settings there do not count, and if one names a " +
    "forward proxy, its password reaches the upstream; allow them with " +
    "'--allow-env=CLAUDE_PROXY_*,A,B,ALL_PROXY,all_proxy,HTTPS_PROXY," +
    "https_proxy,HTTP_PROXY,http_proxy,NO_PROXY,no_proxy'",
  ]);
  const secret = await failure({ ...world, toml: 'client_api_key = "pa$A"' });
  assert.deepEqual(secret.notes, [], "a piece of a password is not named");
});

Deno.test("a variable that cannot be expanded in a setting that is no secret is named", async () => {
  const complaint = await onlyComplaint({ toml: 'bind_address = "$NO"' });
  assert.equal(
    complaint,
    "config.toml:1: bind_address: the variable NO is not set; a literal $ is written $$",
  );
});

Deno.test("a complaint repeats what the file says, not what a variable holds", async () => {
  const env = { ...REQUIRED, WHERE: "SECRET!" };
  assert.equal(
    await onlyComplaint({ toml: 'bind_address = "${WHERE}"', env }),
    "config.toml:1: bind_address: expected an IP address or host name, such as 0.0.0.0, ::1 or " +
      'localhost, got "${WHERE}" (expanded)',
  );
});

Deno.test("a number cannot come from an expansion, and the complaint names the variable that can", async () => {
  const env = { ...REQUIRED, PORT: "80" };
  assert.equal(
    await onlyComplaint({ toml: 'port = "${PORT}"', env }),
    'config.toml:1: port: expected a whole number from 0 to 65535, got "${PORT}" (expanded); ' +
      "the file expands strings only, so set CLAUDE_PROXY__PORT",
  );
});
