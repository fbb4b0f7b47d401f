import assert from "node:assert/strict";
import { load, onlyComplaint, REQUIRED } from "./loading.ts";

Deno.test("an upstream URL is kept with its path and without trailing slashes", async () => {
  const cases = [
    ["https://api.test", "https://api.test"],
    ["https://api.test/", "https://api.test"],
    ["https://api.test/base/path//", "https://api.test/base/path"],
    ["HTTP://API.test:8080/Base", "http://api.test:8080/Base"],
    ["http://[::1]:9/x", "http://[::1]:9/x"],
  ] as const;
  for (const [given, kept] of cases) {
    assert.equal((await load({ flags: { upstream_url: given } })).settings.upstream_url, kept);
  }
});

Deno.test("an upstream URL that cannot be used is refused with its own words", async () => {
  const cases = [
    ["", /starts with https:\/\/ or http:\/\//],
    ["api.test", /starts with https:\/\/ or http:\/\//],
    ["ftp://api.test", /starts with https:\/\/ or http:\/\//],
    ["https://", /host or port cannot be read/],
    ["https://api.test:99999", /host or port cannot be read/],
    ["https://user:SECRET@api.test", /without credentials/],
    ["https://SECRET@api.test", /without credentials/],
    ["https://@api.test", /without credentials/],
    ["https://api.test/?key=SECRET", /without a query/],
    ["https://api.test?", /without a query/],
    ["https://api.test/#SECRET", /without a fragment/],
    ["https://api.test/#", /without a fragment/],
    ["https://api.test/a b", /without spaces/],
    ["https://api.test\\a", /without spaces, line ends or backslashes/],
  ] as const;
  for (const [url, message] of cases) {
    const complaint = await onlyComplaint({ flags: { upstream_url: url } });
    assert.match(complaint, /^--upstream-url: expected a URL/);
    assert.match(complaint, message);
    assert.doesNotMatch(complaint, /SECRET/);
  }
});

Deno.test("addresses and host names can be listened on", async () => {
  for (const address of ["0.0.0.0", "127.0.0.1", "::", "::1", "fe80::1", "localhost", "a-b.c1"]) {
    const { settings } = await load({ flags: { bind_address: address } });
    assert.equal(settings.bind_address, address);
  }
});

Deno.test("what is neither address nor host name is refused", async () => {
  const cases = [
    ["", /expected an IP address or host name, .* got ""/],
    ["300.1.1.1", /expected an IP address or host name/],
    ["http://localhost", /expected an IP address or host name/],
    ["-a", /expected an IP address or host name/],
    ["a b", /expected an IP address or host name/],
    ["0.0.0.0:8080", /the port goes to port/],
    ["[::1]:8080", /the port goes to port/],
    ["localhost:8080", /the port goes to port/],
    ["[::1]", /without its brackets/],
  ] as const;
  for (const [address, message] of cases) {
    assert.match(await onlyComplaint({ flags: { bind_address: address } }), message);
  }
});

Deno.test("origins are kept as browsers send them", async () => {
  const cases = [
    ["https://app.example.com", "https://app.example.com"],
    ["https://App.Example.com/", "https://app.example.com"],
    ["https://app.example.com:443", "https://app.example.com"],
    ["http://localhost:5173", "http://localhost:5173"],
    ["http://[::1]:80/", "http://[::1]"],
    ["chrome-extension://abcdef", "chrome-extension://abcdef"],
    ["tauri://localhost/", "tauri://localhost"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
  ] as const;
  const { settings } = await load({
    flags: { cors_origins: cases.map(([given]) => given).join() },
  });
  assert.deepEqual(settings.cors_origins, cases.map(([, kept]) => kept));
});

Deno.test("what is no origin is refused", async () => {
  for (
    const origin of [
      ...["", "*", "null", "app.example.com", "https://", "https://app.example.com/path"],
      ...["https://app.example.com?", "https://app.example.com#", "https://u@app.example.com"],
      ...["https://*.example.com", "//app.example.com", "https://app.example.com:99999", "a b://c"],
      ...["https:app.example.com", "https://a\\\\b", "https://a\\bb", "mailto:a@b.example"],
    ]
  ) {
    const complaint = await onlyComplaint({ toml: `cors_origins = ["${origin}"]` });
    assert.match(complaint, /cors_origins: .*expected the origin of web pages/, origin);
  }
});

Deno.test("numbers out of range and numbers that are none are refused", async () => {
  const cases = [
    ["port", "-1", /from 0 to 65535, got -1/],
    ["port", "65536", /from 0 to 65535, got 65536/],
    ["port", "80.5", /whole number from 0 to 65535, got "80\.5"/],
    ["port", "80a", /got "80a"/],
    ["port", "", /got ""/],
    ["port", "0x50", /got "0x50"/],
    ["workers", "0", /"auto" or a whole number from 1 to 256, got 0/],
    ["workers", "aut", /got "aut"; did you mean auto\?/],
    ["memory_limit", "512", /whole number from 134217728 up, got 512/],
    ["max_request_body", "0", /whole number from 1 up, got 0/],
    ["max_request_body", "99999999999999999999", /whole number from 1 up/],
    ["upstream_connect_timeout", "0", /seconds, more than 0/],
    ["upstream_idle_timeout", "0", /seconds, more than 0/],
    ["upstream_header_timeout", "0", /seconds, more than 0/],
    ["upstream_header_timeout", "1e9", /got "1e9"/],
    ["shutdown_timeout", "-1", /seconds from 0/],
    ["shutdown_timeout", "2147484", /at most|to 2147483/],
  ] as const;
  for (const [path, text, message] of cases) {
    assert.match(await onlyComplaint({ flags: { [path]: text } }), message);
  }
});

Deno.test("the level warning means warn", async () => {
  const { settings } = await load({ flags: { "logging.level": "warning" } });
  assert.equal(settings.logging.level, "warn");
});

Deno.test("a word that is not allowed is refused with the allowed ones and the nearest", async () => {
  assert.equal(
    await onlyComplaint({ toml: 'unauthenticated = "rejct"' }),
    'config.toml:1: unauthenticated: expected one of "passthrough", "reject", ' +
      'got "rejct"; did you mean reject?',
  );
  assert.equal(
    await onlyComplaint({ flags: { "logging.level": "wran" } }),
    '--log-level: expected one of "trace", "debug", "info", "warn", "error", ' +
      'got "wran"; did you mean warn?',
  );
  const env = { ...REQUIRED, CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: "azure" };
  assert.equal(
    await onlyComplaint({ env }),
    'CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: expected one of "api_key", "azure_ad", ' +
      '"azure_cli", "azure_managed_identity", "azure_workload_identity", "chain", got "azure"',
  );
});

Deno.test("a wrong type in the file is refused, with the right spelling where it is plain", async () => {
  const cases = [
    ['port = "8080"', 'got "8080"; write port = 8080'],
    ['upstream_http2 = "true"', 'got "true"; write upstream_http2 = true'],
    ['workers = "4"', 'got "4"; write workers = 4'],
    [
      'strip_request_headers = "x-a-,x-b-"',
      'got "x-a-,x-b-"; write strip_request_headers = ["x-a-", "x-b-"]',
    ],
    ["port = 80.5", "expected a whole number from 0 to 65535, got 80.5"],
    ["port = nan", "got NaN"],
    ["port = true", "got true"],
    ["port = []", "got []"],
    ["port = {}", "got a table"],
    ["port = 2024-01-01", "got a date"],
    ["bind_address = 1", "got 1"],
    ["upstream_url = 1", "got a number"],
    ["strip_request_headers = [1]", "item 1 of the list: expected the beginning of header names"],
    ['strip_request_headers = [""]', "item 1 of the list: expected the beginning of header names"],
    [
      'request_id_headers = ["a b"]',
      "item 1 of the list: expected the name of a header, such as x-",
    ],
    [
      'request_id_headers = ["Cookie"]',
      "item 1 of the list: expected a header that carries no credential",
    ],
  ] as const;
  for (const [toml, expected] of cases) {
    const world = { toml, env: requiredBut(toml) };
    const complaint = await onlyComplaint(world);
    assert.match(complaint, /^config\.toml:1: /);
    assert.ok(complaint.includes(expected), complaint);
  }
});

Deno.test("a key is refused when it is empty or no header could carry it, from any source", async () => {
  const cases = [
    ["", /it is empty/],
    ["   ", /it is empty/],
    [" SECRET", /no space at either end/],
    ["SECRET ", /no space at either end/],
    ["SECRET\n", /printable ASCII only/],
    ["SECRET\t", /printable ASCII only/],
    ["SECRETé", /printable ASCII only/],
  ] as const;
  const sources = [
    ["client_api_key", "CLAUDE_PROXY__CLIENT_API_KEY"],
    ["upstream_auth.api_key", "CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY"],
  ] as const;
  for (const [key, message] of cases) {
    for (const [path, variable] of sources) {
      const { [variable]: _, ...others } = REQUIRED;
      const complaints = [
        await onlyComplaint({ flags: { [path]: key } }),
        await onlyComplaint({ env: { ...REQUIRED, [variable]: key } }),
        await onlyComplaint({ toml: dotted(path, key), env: others }),
        await onlyComplaint({ toml: dotted(path, "${KEY}"), env: { ...others, KEY: key } }),
      ];
      for (const complaint of complaints) {
        assert.match(complaint, message);
        assert.doesNotMatch(complaint, /SECRET/);
      }
    }
  }
});

function dotted(path: string, value: string): string {
  return `${path} = ${JSON.stringify(value)}`;
}

/** The required variables, but for the one whose key the file sets. */
function requiredBut(toml: string): Record<string, string> {
  const { CLAUDE_PROXY__UPSTREAM_URL: url, ...rest } = REQUIRED;
  return toml.startsWith("upstream_url") ? rest : { ...rest, CLAUDE_PROXY__UPSTREAM_URL: url };
}

Deno.test("an upstream_url with a path that clients send themselves is noted, and taken as it is", async () => {
  const cases: [url: string, note: string | undefined][] = [
    ["https://x.services.ai.azure.com", undefined],
    ["https://x.services.ai.azure.com/anthropic", undefined],
    ["https://x.example/v1beta", undefined],
    [
      "https://x.example/anthropic/v1/messages/",
      "expected a URL without /v1/messages, which clients send: requests would go to " +
      "/v1/messages/v1/messages",
    ],
    [
      "https://x.example/openai/v1/chat/completions",
      "expected a URL without /v1/chat/completions, which clients send: requests would go to " +
      "/v1/chat/completions/v1/chat/completions",
    ],
    [
      "https://api.openai.com/v1",
      "expected a URL without /v1: requests of Claude clients would go to /v1/v1/messages; OpenAI " +
      "clients have /v1 in their own base URL",
    ],
  ];
  for (const [url, note] of cases) {
    const env = { ...REQUIRED, CLAUDE_PROXY__UPSTREAM_URL: url };
    const { settings, notes } = await load({ env });
    assert.equal(settings.upstream_url, url.replace(/\/$/, ""));
    assert.deepEqual(notes, note === undefined ? [] : [`CLAUDE_PROXY__UPSTREAM_URL: ${note}`]);
  }
});
