import assert from "node:assert/strict";
import { makeCertificate } from "../kit/tls/certificate.ts";
import { entraError, FakeEntra } from "../kit/servers/fake_entra.ts";
import { freePort } from "../kit/process/free_port.ts";
import { applicationFlags, call, refusal, SECRET, startAzureProxy } from "./azure_proxy.ts";

/** An authority in some trouble, and what becomes of it. */
interface Trouble {
  /** What it is. */
  name: string;
  arrange: (entra: FakeEntra) => void;
  /** The line of the log. */
  log: RegExp;
  /** Seconds of `Retry-After` that the client gets, from and to. */
  retryAfter: [number, number];
}

const TROUBLES: Trouble[] = [
  {
    name: "a wrong secret",
    arrange: refuse(401, 7000215, "Invalid client secret provided."),
    log: /azure_ad: wrong client secret; set client_secret to the secret's value.*AADSTS7000215/,
    retryAfter: [1, 3],
  },
  {
    name: "an expired secret",
    arrange: refuse(401, 7000222, "The provided client secret keys for app are expired."),
    log: /azure_ad: the client secret has expired; create a new one.*AADSTS7000222/,
    retryAfter: [1, 3],
  },
  {
    name: "an unknown application",
    arrange: refuse(400, 700016, "Application with identifier was not found in the directory."),
    log: /azure_ad: no application with this client_id in the tenant.*AADSTS700016/,
    retryAfter: [1, 3],
  },
  {
    name: "an unknown tenant",
    arrange: (entra) => {
      entra.discovery = () => entraError(400, 90002, "Tenant not found.");
    },
    log: /azure_ad: tenant not found; check tenant_id.*AADSTS90002/,
    retryAfter: [1, 3],
  },
  {
    name: "an error nobody has advice for",
    arrange: refuse(400, 999, "Something else."),
    log: /azure_ad: localhost:\d+ answered 400: AADSTS999: Something else\./,
    retryAfter: [1, 3],
  },
  {
    name: "too many requests",
    arrange: (entra) => {
      entra.answer = () => new Response("{}", { status: 429, headers: { "retry-after": "7" } });
    },
    log: /azure_ad: localhost:\d+ asks for fewer requests \(status 429\).*retry_seconds=7\b/,
    retryAfter: [6, 7],
  },
  {
    name: "an authority in trouble",
    arrange: (entra) => {
      entra.answer = () => new Response("<html>", { status: 500 });
    },
    log: /azure_ad: localhost:\d+ is in trouble \(status 500\)/,
    retryAfter: [1, 3],
  },
];

for (const { name, arrange, log, retryAfter: [least, most] } of TROUBLES) {
  Deno.test(`${name} is one line of the log that says what to do, and 503 for the client`, async () => {
    await using entra = await FakeEntra.start();
    arrange(entra);
    await using proxy = await startAzureProxy({
      type: "azure_ad",
      args: [...applicationFlags(entra.url), "--upstream-token-timeout", "0.2"],
      env: entra.env,
    });
    await proxy.waitForLine(log);
    const { status, headers, text } = await call(proxy);
    assert.equal(status, 503);
    assert.equal(headers.get("x-claude-proxy-error"), "upstream_auth_unavailable");
    const seconds = Number(headers.get("retry-after"));
    assert.ok(seconds >= least && seconds <= most, `Retry-After: ${seconds}`);
    assert.equal(JSON.parse(text).type, "error");
    for (const said of [text, ...proxy.stdout, ...proxy.stderr]) assert.ok(!said.includes(SECRET));
    assert.doesNotMatch(text, /AADSTS|localhost|127\.0\.0\.1/);
  });
}

Deno.test("an authority that hangs keeps callers for token_timeout and no longer", async () => {
  await using entra = await FakeEntra.start();
  const never = Promise.withResolvers<Response>();
  entra.answer = () => never.promise;
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: [...applicationFlags(entra.url), "--upstream-token-timeout", "0.5"],
    env: entra.env,
  });
  await entra.seen(1);
  const started = performance.now();
  const { status, headers } = await call(proxy);
  const waited = performance.now() - started;
  assert.equal(status, 503);
  assert.match(headers.get("retry-after") ?? "", /^\d+$/);
  assert.ok(waited > 450 && waited < 5_000, `answered after ${waited} ms`);
  assert.equal(entra.requests.length, 1);
  never.resolve(entra.giveToken());
});

Deno.test("an authority that cannot be reached or trusted is named with the way out", async () => {
  await using entra = await FakeEntra.start();
  await using untrusting = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags(entra.url),
  });
  await untrusting.waitForLine(
    /cannot reach localhost:\d+: its certificate is not trusted \(UnknownIssuer\); .*into upstream_ca_file \(it is for CN=localhost, issued by CN=localhost, SHA-256 /,
  );
  await using unreachable = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags(`https://localhost:${freePort()}`),
  });
  await unreachable.waitForLine(/cannot reach localhost:\d+: it refused the connection/);
  await using unknown = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags("https://login.invalid"),
  });
  await unknown.waitForLine(/cannot reach login\.invalid: its host name cannot be resolved/);
});

Deno.test("a missing permission is named by its exact flag before anything listens", async () => {
  const started = { type: "azure_ad", args: applicationFlags("https://localhost:1") };
  const sys = await refusal({ ...started, permissions: ["--ignore-env"] });
  assert.match(sys, /^ {2}--allow-sys=osRelease {2}\(upstream_auth\)$/m);
  const env = await refusal({ ...started, permissions: ["--allow-sys=osRelease"] });
  assert.match(env, /^ {2}--ignore-env {2}\(upstream_auth\)$/m);
});

Deno.test("a certificate file that cannot serve is named with what it lacks", async () => {
  const file = await Deno.makeTempFile();
  const flags = [
    ...applicationFlags("https://localhost:1", null),
    ...["--azure-client-certificate-path", file],
  ];
  const line = async (text: string, pattern: RegExp) => {
    await Deno.writeTextFile(file, text);
    await using proxy = await startAzureProxy({ type: "azure_ad", args: flags });
    await proxy.waitForLine(pattern);
  };
  await line("", /client_certificate_path .*is empty/);
  await line("nothing", /client_certificate_path .*holds no PEM certificate/);
  await line(
    (await makeCertificate()).cert,
    /client_certificate_path .*holds no PEM private key .*, it holds a certificate; put .*into one/,
  );
  await Deno.remove(file);
  await using proxy = await startAzureProxy({ type: "azure_ad", args: flags });
  await proxy.waitForLine(/client_certificate_path .*does not exist/);
});

function refuse(status: number, code: number, description: string): Trouble["arrange"] {
  return (entra) => {
    entra.answer = () => entraError(status, code, description);
  };
}
