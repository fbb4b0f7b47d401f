import assert from "node:assert/strict";
import { failure, load, onlyComplaint, REQUIRED, type World } from "./loading.ts";

const HOME = { ...REQUIRED, HOME: "/home/me" };

Deno.test("the file is the first of five places", async () => {
  const files: Record<string, string> = {
    "/srv/flag.toml": "port = 1",
    "/srv/variable.toml": "port = 2",
    "/srv/config.toml": "port = 3",
    "/home/me/.config/claude-proxy/config.toml": "port = 4",
    "/home/me/.claude-proxy.toml": "port = 5",
  };
  const env = { ...HOME, CLAUDE_PROXY_CONFIG_FILE: "variable.toml" };
  const names = ["flag.toml", "variable.toml", "config.toml", ...Object.keys(files).slice(3)];
  const worlds: World[] = [{ files, env, config: "flag.toml" }, { files, env }];
  for (let gone = 2; gone < 5; gone++) {
    const left = Object.fromEntries(Object.entries(files).slice(gone));
    worlds.push({ files: left, env: HOME });
  }
  for (const [index, world] of worlds.entries()) {
    const loaded = await load(world);
    assert.equal(loaded.settings.port, index + 1);
    assert.equal(loaded.file, names[index]);
  }
});

Deno.test("no file at all is fine", async () => {
  const loaded = await load({ env: HOME });
  assert.equal(loaded.file, undefined);
  assert.deepEqual(loaded.notes, []);
});

Deno.test("Windows has its own directories", async () => {
  const env = { ...REQUIRED, USERPROFILE: "C:\\Users\\me", APPDATA: "C:\\Users\\me\\AppData" };
  const places = [
    "C:\\work\\config.toml",
    "C:\\Users\\me\\AppData\\claude-proxy\\config.toml",
    "C:\\Users\\me\\.claude-proxy.toml",
  ];
  for (const place of places) {
    const loaded = await load({ os: "windows", env, files: { [place]: "port = 7" } });
    assert.equal(loaded.settings.port, 7);
  }
});

Deno.test("a file that is named and missing is a complaint, and nothing else is", async () => {
  assert.equal(
    await onlyComplaint({ config: "no.toml", env: {} }),
    "--config: there is no file no.toml",
  );
  assert.equal(
    await onlyComplaint({ env: { CLAUDE_PROXY_CONFIG_FILE: "no.toml" } }),
    "CLAUDE_PROXY_CONFIG_FILE: there is no file no.toml",
  );
  assert.match(await onlyComplaint({ config: "" }), /^--config: expected the path of a file/);
});

Deno.test("a named file that may not be read says which flag allows it", async () => {
  assert.equal(
    await onlyComplaint({ config: "/etc/p.toml", files: { "/etc/p.toml": "not-granted" } }),
    "--config: not allowed to read /etc/p.toml; run with --allow-read=/etc/p.toml",
  );
});

Deno.test("a file that the system denies is a complaint wherever it is", async () => {
  const denied = { unreadable: "it is a directory" };
  assert.equal(
    await onlyComplaint({ config: "d", files: { "/srv/d": denied } }),
    "--config: cannot read d: it is a directory",
  );
  assert.equal(
    await onlyComplaint({ files: { "/srv/config.toml": denied } }),
    "config.toml: cannot read it: it is a directory",
  );
});

Deno.test("usual places that may not be read are one note", async () => {
  const world: World = {
    env: HOME,
    files: {
      "/srv/config.toml": "not-granted",
      "/home/me/.config/claude-proxy/config.toml": "not-granted",
      "/home/me/.claude-proxy.toml": "port = 5",
    },
  };
  const loaded = await load(world);
  assert.equal(loaded.settings.port, 5);
  assert.deepEqual(loaded.lookedFor.read, [
    "config.toml",
    "/home/me/.config/claude-proxy/config.toml",
  ]);
  assert.deepEqual(loaded.notes, [
    "Configuration files were not looked for: allow them with " +
    "--allow-read=config.toml,/home/me/.config/claude-proxy/config.toml",
  ]);
});

Deno.test("an environment that may not be read is one note, also beside complaints", async () => {
  const flags = {
    upstream_url: "https://a.test",
    client_api_key: "a",
    "upstream_auth.type": "api_key",
    "upstream_auth.api_key": "b",
  };
  const note = "Environment variables were not read: settings there do not count, and if one " +
    "names a forward proxy, its password reaches the upstream; allow them with " +
    "'--allow-env=CLAUDE_PROXY_*,HOME,ALL_PROXY,all_proxy,HTTPS_PROXY," +
    "https_proxy,HTTP_PROXY,http_proxy,NO_PROXY,no_proxy'";
  const notes = async (world: Parameters<typeof load>[0]) =>
    (await load({ flags, ...world })).notes.filter((note) => !note.startsWith("--"));
  assert.deepEqual(await notes({ envNotGranted: true }), [note]);
  assert.deepEqual((await failure({ envNotGranted: true })).notes, [note]);
  const envHidden = ["CLAUDE_PROXY__UPSTREAM_URL"];
  assert.deepEqual(await notes({ envHidden }), []);
  assert.deepEqual((await failure({ envHidden })).notes, [note]);
});
