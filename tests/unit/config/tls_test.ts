import assert from "node:assert/strict";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { load, onlyComplaint, REQUIRED } from "./loading.ts";

/** The reference's table: flag, variable and default by key. */
const REFERENCE: readonly [key: string, flag: string, variable: string, fallback?: unknown][] = [
  ["mode", "--tls-mode", "MODE", "disabled"],
  ["cert_path", "--tls-cert-path", "CERT_PATH"],
  ["key_path", "--tls-key-path", "KEY_PATH"],
  ["https_port", "--https-port", "HTTPS_PORT", 443],
  ["email", "--acme-email", "EMAIL"],
  ["domains", "--acme-domains", "DOMAINS"],
  [
    "directory_url",
    "--acme-directory-url",
    "DIRECTORY_URL",
    "https://acme-v02.api.letsencrypt.org/directory",
  ],
  ["cache_dir", "--acme-cache-dir", "CACHE_DIR"],
  ["http_challenge_port", "--http-challenge-port", "HTTP_CHALLENGE_PORT", 80],
];

Deno.test("the reference's TLS settings have its flags, variables and defaults", () => {
  const settings = allSettings();
  for (const [key, flag, variable, fallback] of REFERENCE) {
    const setting = settings.find(({ path }) => path === `tls.${key}`);
    assert.equal(setting?.flag, flag);
    assert.equal(setting?.variable, `CLAUDE_PROXY__TLS__${variable}`);
    assert.equal(setting?.setting.default, fallback);
  }
});

const ACME = 'email = "admin@example.com"\ndomains = ["proxy.example.com", "api.example.com"]\n';

Deno.test("the reference's three examples load", async () => {
  assert.deepEqual((await load({})).settings.tls, { mode: "disabled" });
  const manual = '[tls]\nmode = "manual"\ncert_path = "/c.pem"\nkey_path = "/k.pem"\n';
  assert.deepEqual((await load({ toml: manual, env: REQUIRED })).settings.tls, {
    mode: "manual",
    cert_path: "/c.pem",
    key_path: "/k.pem",
    https_port: 443,
  });
  const acme = await load({ toml: `[tls]\nmode = "acme"\n${ACME}`, env: REQUIRED });
  assert.deepEqual(acme.settings.tls, {
    mode: "acme",
    email: "admin@example.com",
    domains: ["proxy.example.com", "api.example.com"],
    https_port: 443,
    directory_url: "https://acme-v02.api.letsencrypt.org/directory",
    http_challenge_port: 80,
    key_type: "ecdsa",
  });
});

Deno.test("domains come from a variable too, separated by commas, in any case", async () => {
  const { settings } = await load({
    env: {
      ...REQUIRED,
      CLAUDE_PROXY__TLS__MODE: "acme",
      CLAUDE_PROXY__TLS__EMAIL: "admin@example.com",
      CLAUDE_PROXY__TLS__DOMAINS: "A.example.com, b.example.com",
    },
  });
  assert.deepEqual(settings.tls.mode === "acme" && settings.tls.domains, [
    "a.example.com",
    "b.example.com",
  ]);
});

const wrong: [key: string, value: string, message: RegExp][] = [
  ["domains", "[]", /expected at least one/],
  ["domains", '["a.example.com", "A.example.com"]', /expected each only once/],
  ["domains", '["*.example.com"]', /without a wildcard/],
  ["domains", '["localhost"]', /expected a domain name/],
  ["domains", '["192.0.2.1"]', /expected a domain name/],
  ["domains", '["https://a.example.com"]', /expected a domain name/],
  ["email", '"admin"', /expected an e-mail address/],
  ["email", '"a@example.com,b@example.com"', /expected an e-mail address/],
  ["directory_url", '"http://ca.example/directory"', /starts with https:/],
  ["directory_url", '"https://user:pass@ca.example/"', /without credentials/],
  ["https_port", "65536", /from 0 to 65535/],
  ["http_challenge_port", "0", /from 1 to 65535/],
  ["key_type", '"dsa"', /one of "ecdsa", "rsa"/],
  ["eab_hmac_key", '"not/base64url"', /expected a key in base64url/],
];

for (const [key, value, message] of wrong) {
  Deno.test(`tls.${key} = ${value} is refused`, async () => {
    const others = ACME.split("\n").filter((line) => !line.startsWith(key)).join("\n");
    const toml = `[tls]\nmode = "acme"\n${others}\n${key} = ${value}\n`;
    const complaint = await onlyComplaint({ toml, env: REQUIRED });
    assert.match(complaint, new RegExp(`^config\\.toml:\\d+: tls\\.${key}: `));
    assert.match(complaint, message);
  });
}

Deno.test("what a mode cannot do without is asked for", async () => {
  const toml = '[tls]\nmode = "manual"\ncert_path = "/c.pem"\n';
  assert.match(await onlyComplaint({ toml, env: REQUIRED }), /tls\.key_path/);
});
