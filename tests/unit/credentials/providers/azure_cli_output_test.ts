import assert from "node:assert/strict";
import { azToken, localTime } from "../../../kit/servers/fake_az.ts";
import { parseAzureCliToken } from "../../../../src/credentials/providers/azure_cli_output.ts";

Deno.test("expires_on, in seconds, wins over the local time", () => {
  const output = JSON.stringify({
    accessToken: "t",
    expires_on: 1_800_000_000,
    expiresOn: "2020-01-01 00:00:00.000000",
  });
  assert.deepEqual(parseAzureCliToken(output), { token: "t", expiresAt: 1_800_000_000_000 });
});

Deno.test("without expires_on, expiresOn is read as local time", () => {
  const expires = new Date(2026, 6, 31, 12, 34, 56);
  const output = JSON.stringify({ accessToken: "t", expiresOn: localTime(expires) });
  assert.deepEqual(parseAzureCliToken(output), { token: "t", expiresAt: expires.getTime() });
});

Deno.test("local time is read in the zone that az wrote it in", async () => {
  const module = new URL(
    "../../../../src/credentials/providers/azure_cli_output.ts",
    import.meta.url,
  );
  const output = JSON.stringify({ accessToken: "t", expiresOn: "2026-01-31 12:00:00.000000" });
  const code = `import { parseAzureCliToken } from ${JSON.stringify(module.href)};
    console.log(parseAzureCliToken(${JSON.stringify(output)}).expiresAt)`;
  for (const [zone, hour] of [["UTC", 12], ["Asia/Tokyo", 3], ["America/New_York", 17]] as const) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
      env: { TZ: zone },
    }).output();
    const expiresAt = Number(new TextDecoder().decode(stdout));
    assert.equal(expiresAt, Date.UTC(2026, 0, 31, hour), zone);
  }
});

Deno.test("a token with expires_on comes back whole", () => {
  const now = Date.UTC(2026, 0, 1);
  assert.deepEqual(parseAzureCliToken(azToken("t", 60, now)), {
    token: "t",
    expiresAt: now + 60_000,
  });
});

const AROUND = [
  (json: string) => `WARNING: A new version is available {2.99}.\n${json}`,
  (json: string) => `/usr/lib/python3: SyntaxWarning\r\n  {x}\r\n${json.replaceAll("\n", "\r\n")}`,
  (json: string) => `${json}\nWARNING: To be removed in 3.0.\n`,
];
for (const around of AROUND) {
  Deno.test(`a token is found in ${JSON.stringify(around("{…}"))}`, () => {
    const token = parseAzureCliToken(around(azToken("t", 60, 0)));
    assert.deepEqual(token, { token: "t", expiresAt: 60_000 });
  });
}

const USELESS: [output: string, printed: string][] = [
  ["", "nothing"],
  [" \n", "nothing"],
  ["not JSON", "something other than JSON"],
  ["WARNING: x\n{", "something other than JSON"],
  ["null", "something other than JSON"],
  ["[]", "something other than JSON"],
  ["{}", "JSON without a token"],
  ['{"accessToken":"","expires_on":1800000000}', "JSON without a token"],
  ['{"accessToken":"t"}', "a token without its expiry"],
  ['{"accessToken":"t","expiresOn":"tomorrow"}', "a token without its expiry"],
  ['{"accessToken":"t","expires_on":"soon"}', "a token without its expiry"],
];
for (const [output, printed] of USELESS) {
  Deno.test(`az's output ${JSON.stringify(output)} is ${printed}`, () => {
    assert.equal(parseAzureCliToken(output), printed);
  });
}
