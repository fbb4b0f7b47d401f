import assert from "node:assert/strict";
import { denoConfigIo } from "../../../src/config/load/config_io.ts";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { load, REQUIRED } from "./loading.ts";

const { CLAUDE_PROXY__CLIENT_API_KEY: _, CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: __, ...REST } =
  REQUIRED;
const KEYS = 'client_api_key = "a"\n[upstream_auth]\napi_key = "b$$c"';
const env = { ...REST, VAR: "v" };

Deno.test("secrets in a file that everybody can read are noted by name, without their values", async () => {
  const { notes } = await load({ toml: KEYS, env, openToOthers: true });
  assert.deepEqual(notes, [
    "config.toml: every user of this machine can read client_api_key, upstream_auth.api_key in it; " +
    "close it to others (chmod o-r config.toml), or write ${VAR} there",
  ]);
});

Deno.test("nothing is noted of a file that is closed, or takes its secrets from variables", async () => {
  const worlds = [
    { toml: KEYS, env },
    {
      toml: 'client_api_key = ["${VAR}", "x$VAR"]\n[upstream_auth]\napi_key = "${VAR}"',
      env,
      openToOthers: true,
    },
    { toml: KEYS, env: { ...env, ...REQUIRED }, openToOthers: true },
    { env: REQUIRED, openToOthers: true },
  ];
  for (const world of worlds) assert.deepEqual((await load(world)).notes, []);
});

Deno.test("one key that is spelled out among others is noted", async () => {
  const toml = 'client_api_key = ["${VAR}", "spelled out"]';
  const { notes } = await load({
    toml,
    env: { ...env, CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: "k" },
    openToOthers: true,
  });
  assert.match(notes.join("\n"), /can read client_api_key in it/);
});

Deno.test("a secret that a flag gives is noted with the variable to give it instead", async () => {
  const { notes } = await load({ flags: { "upstream_auth.api_key": "SECRET", port: "1" } });
  assert.deepEqual(notes, [
    "--upstream-api-key: secrets in flags stand in the list of processes, where others can read them; " +
    "set CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY, or write them into a configuration file",
  ]);
});

Deno.test("a private key in a file that everybody can read is noted, a certificate is not", async () => {
  const toml = '[tls]\nmode = "manual"\ncert_path = "/etc/c.pem"\nkey_path = "key.pem"';
  const { notes } = await load({ toml, openToOthers: true });
  assert.deepEqual(notes, [
    "tls.key_path: every user of this machine can read the private key in key.pem; close it to others " +
    "(chmod o-r key.pem)",
  ]);
  assert.deepEqual((await load({ toml })).notes, []);
});

Deno.test("every setting that names a file with a private key is known as such", () => {
  const named = allSettings().filter(({ setting }) => /private key/.test(setting.doc));
  assert.deepEqual(
    named.filter(({ setting }) => !setting.keyFile).map(({ path }) => path),
    [],
  );
  assert.equal(named.length, 4); // One of them for a chain's member too.
});

Deno.test({
  name: "a file is open to others by its mode, and by those of the directories above it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const directory = await Deno.makeTempDir();
    await Deno.chmod(directory, 0o755);
    const file = `${directory}/inner/config.toml`;
    await Deno.mkdir(`${directory}/inner`);
    await Deno.writeTextFile(file, "");
    const { isOpenToOthers } = denoConfigIo();
    const cases: [directory: number, file: number, open: boolean][] = [
      [0o755, 0o644, true],
      [0o711, 0o604, true],
      [0o755, 0o640, false],
      [0o755, 0o600, false],
      [0o750, 0o644, false],
    ];
    for (const [directoryMode, fileMode, open] of cases) {
      await Deno.chmod(`${directory}/inner`, directoryMode);
      await Deno.chmod(file, fileMode);
      assert.equal(
        await isOpenToOthers(file),
        open,
        `${directoryMode.toString(8)} ${fileMode.toString(8)}`,
      );
    }
    await Deno.chmod(`${directory}/inner`, 0o755);
    assert.equal(await isOpenToOthers(`${directory}/inner/absent`), false);
    await Deno.remove(directory, { recursive: true });
  },
});
