import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type Certificate, makeCertificate } from "../kit/tls/certificate.ts";
import { makeAuthority } from "../kit/tls/certificate_authority.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";
import { PROXY_VARIABLES } from "../../src/net/forward_proxy.ts";
import { freePort } from "../kit/process/free_port.ts";

interface Checked {
  code: number;
  text: string;
}

async function check(
  upstreamUrl: string,
  more: string[] = [],
  port = freePort(),
): Promise<Checked> {
  await using program = await ProxyProcess.spawn({ upstreamUrl, port, args: ["check", ...more] });
  const code = await program.exit();
  assert.deepEqual(program.stderr, []);
  return { code, text: program.stdout.join("\n") };
}

Deno.test("check shows each setting with its source and keeps secrets", async () => {
  await using upstream = RawUpstream.start();
  const { code, text } = await check(upstream.url);
  assert.equal(code, 0);
  assert.match(text, /^bind_address +=.*127\.0\.0\.1.*\(--bind-address\)$/m);
  assert.match(text, /^shutdown_timeout +=.*600.*\(default\)$/m);
  assert.match(text, /^client_api_key += •••• +\(--client-api-key\)$/m);
  for (const secret of [CLIENT_KEY, UPSTREAM_KEY]) assert.ok(!text.includes(secret));
  assert.ok(!text.includes("\x1b"), "no colours in a pipe");
});

const ANSWERS: [status: number, code: number, meaning: RegExp][] = [
  [200, 0, /credential is accepted/],
  [401, 1, /credential is refused/],
  [403, 1, /Azure AI User or Cognitive Services User/],
  [404, 0, /says nothing of the credential/],
  [429, 0, /limiting the rate/],
  [500, 1, /in trouble/],
];

for (const [status, code, meaning] of ANSWERS) {
  Deno.test(`check says what the upstream's ${status} means`, async () => {
    await using upstream = RawUpstream.start((exchange) => exchange.respond({ status }));
    const checked = await check(upstream.url);
    assert.equal(checked.code, code);
    assert.match(checked.text, meaning);
    assert.match(checked.text, code === 0 ? /^ok +upstream:/m : /^FAIL upstream:/m);
    const received = await upstream.nextRequest();
    assert.equal(received.target, "/v1/models");
    assert.deepEqual(received.values("x-api-key"), [UPSTREAM_KEY]);
  });
}

Deno.test("check names an upstream that cannot be reached, and a port that is taken", async () => {
  const upstream = RawUpstream.start();
  const { url, port } = upstream;
  const taken = await check(url, [], port);
  assert.equal(taken.code, 1);
  assert.match(taken.text, new RegExp(`^FAIL listening address: 127.0.0.1:${port} is in use`, "m"));
  await upstream[Symbol.asyncDispose]();
  const unreachable = await check(url);
  assert.equal(unreachable.code, 1);
  assert.match(
    unreachable.text,
    /^FAIL upstream: .*: it refused the connection; check upstream_url/m,
  );
});

Deno.test("check says whose certificate is not trusted, and what to do about it", async () => {
  const CASES: [certificate: Certificate, text: RegExp][] = [
    [
      await (await makeAuthority("Some CA")).issue("upstream"),
      /\(UnknownIssuer\); if it is right, put the issuer's certificate into upstream_ca_file \(it is for CN=upstream, issued by CN=Some CA, SHA-256 [0-9A-F:]{95}\)$/m,
    ],
    [
      await makeCertificate(undefined, true),
      /\(CaUsedAsEndEntity\); .*give the server one that is not \(CA:FALSE\).* \(it is for CN=localhost, /m,
    ],
  ];
  for (const [tls, expected] of CASES) {
    await using upstream = RawUpstream.start(undefined, { tls });
    const { code, text } = await check(upstream.url);
    assert.equal(code, 1);
    assert.match(text, expected);
    upstream.violations.length = 0; // The handshakes are broken off.
  }
});

Deno.test("check fails where a start with ACME would, and says the same", async () => {
  await using upstream = RawUpstream.start();
  using directory = new TemporaryDirectory();
  await Deno.writeTextFile(directory.join("file"), "");
  const cases: [flags: string[], text: RegExp][] = [
    [
      ["--acme-cache-dir", directory.join("file/cache")],
      /^FAIL certificate: .*\/file\/cache: cannot be used \(Not a directory .*\); give it to the user we run as, or set tls\.cache_dir$/m,
    ],
    [
      ["--acme-directory-ca-file", directory.join("absent")],
      /^FAIL certificate: tls\.directory_ca_file: .*\/absent: does not exist$/m,
    ],
    [
      ["--acme-eab-kid", "kid"],
      /^FAIL certificate: tls\.eab_kid is set without tls\.eab_hmac_key$/m,
    ],
    [[], /^ok +certificate: none in the cache for example\.com: it is ordered at the start$/m],
  ];
  for (const [flags, expected] of cases) {
    await using program = await ProxyProcess.spawn({
      upstreamUrl: upstream.url,
      permissions: ["--allow-net", "--allow-read", "--allow-write"],
      port: null,
      args: [
        ...["check", "--tls-mode", "acme", "--acme-email", "a@example.com"],
        ...["--acme-domains", "example.com", "--https-port", String(freePort())],
        ...["--http-challenge-port", String(freePort())],
        ...(flags.includes("--acme-cache-dir")
          ? []
          : ["--acme-cache-dir", directory.join("cache")]),
        ...flags,
      ],
    });
    const code = await program.exit();
    assert.deepEqual(program.stderr, []);
    assert.match(program.stdout.join("\n"), expected);
    assert.equal(code, flags.length === 0 ? 0 : 1);
  }
});

Deno.test("check warns of a certificate that is an authority's own", async () => {
  await using upstream = RawUpstream.start();
  using directory = new TemporaryDirectory();
  const { cert, key } = await makeCertificate(undefined, true);
  await Deno.writeTextFile(directory.join("both.pem"), cert + key);
  const { code, text } = await check(upstream.url, [
    ...["--tls-mode", "manual", "--https-port", String(freePort())],
    ...[
      "--tls-cert-path",
      directory.join("both.pem"),
      "--tls-key-path",
      directory.join("both.pem"),
    ],
  ]);
  assert.equal(code, 0);
  assert.match(
    text,
    /^ok +certificate: .*; the certificate is an authority's \(CA:TRUE\), which clients/m,
  );
});

Deno.test("check names the forward proxy in the way, and what NO_PROXY says in vain", async () => {
  const forwardProxy = `http://127.0.0.1:${freePort()}`;
  await using program = await ProxyProcess.spawn({
    upstreamUrl: "https://upstream.example",
    port: freePort(),
    permissions: ["--allow-net", "--allow-read", `--allow-env=${PROXY_VARIABLES.join(",")}`],
    env: { HTTPS_PROXY: forwardProxy, NO_PROXY: "*.example" },
    args: ["check"],
  });
  assert.equal(await program.exit(), 1);
  const text = program.stdout.join("\n");
  assert.match(text, /^note: NO_PROXY: "\*\.example" exempts nothing; expected a host name in/m);
  assert.match(
    text,
    /^FAIL upstream: https:\/\/upstream\.example through the forward proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\): it refused/m,
  );
});

Deno.test("check --json holds the same as an object", async () => {
  await using upstream = RawUpstream.start();
  const { code, text } = await check(upstream.url, ["--json"]);
  assert.equal(code, 0);
  const { ok, settings, checks } = JSON.parse(text);
  assert.equal(ok, true);
  assert.ok(settings.some(({ path }: { path: string }) => path === "upstream_auth.header"));
  assert.deepEqual(checks.map(({ name }: { name: string }) => name), [
    "permissions",
    "listening address",
    "upstream",
  ]);
});

Deno.test("check names an admin port that is taken, and a log directory that cannot be written", async () => {
  await using upstream = RawUpstream.start();
  const directory = await Deno.makeTempDir();
  const file = `${directory}/file`;
  await Deno.writeTextFile(file, "");
  const port = freePort();
  const run = async (logPath: string, adminPort: number) => {
    await using program = await ProxyProcess.spawn({
      upstreamUrl: upstream.url,
      port,
      permissions: ["--allow-net", "--allow-read", "--allow-write"],
      args: ["check", "--log-path", logPath, "--admin-port", String(adminPort)],
    });
    return { code: await program.exit(), text: program.stdout.join("\n") };
  };
  const bad = await run(`${file}/logs`, port);
  assert.equal(bad.code, 1);
  assert.match(bad.text, /^FAIL admin address: 127\.0\.0\.1:\d+ is in use/m);
  assert.match(bad.text, /^FAIL log directory: .* cannot be written/m);
  const good = await run(`${directory}/logs`, freePort());
  assert.equal(good.code, 0);
  assert.match(good.text, /^ok +admin address: .* is free$/m);
  assert.match(good.text, /^ok +log directory: .* can be written$/m);
  await Deno.remove(directory, { recursive: true });
});
