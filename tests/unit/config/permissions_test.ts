import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("show_settings.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const FLAGS = [
  ...["--upstream-url", "https://upstream.test", "--client-api-key", "a"],
  ...["--upstream-auth-type", "api_key", "--upstream-api-key", "b"],
];
const ENV_NOTE = "Environment variables were not read: settings there do not count, and if one " +
  "names a forward proxy, its password reaches the upstream; allow them with " +
  "'--allow-env=CLAUDE_PROXY_*,HOME,ALL_PROXY,all_proxy," +
  "HTTPS_PROXY,https_proxy,HTTP_PROXY,http_proxy,NO_PROXY,no_proxy'";
const FLAGS_NOTE = "--client-api-key, --upstream-api-key: secrets in flags stand in the list of " +
  "processes, where others can read them; set CLAUDE_PROXY__CLIENT_API_KEY, " +
  "CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY, or write them into a configuration file";
const READ_NOTE =
  "Configuration files were not looked for: allow them with --allow-read=config.toml";

Deno.test("help and complaints need no permission at all", async () => {
  const help = await run([], ["--help"]);
  assert.equal(help.code, 0, help.err);
  assert.match(help.out, /^Usage: claude-proxy/);
  const wrong = await run([], ["--prot", "1"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /unknown flag --prot; did you mean --port\?/);
});

Deno.test("with flags alone the settings load without any permission, with a note for each lack", async () => {
  const { code, out, err } = await run([], FLAGS);
  assert.equal(code, 0, err);
  assert.match(out, /^client_api_key •••• --client-api-key$/m);
  assert.deepEqual(notes(out), [READ_NOTE, ENV_NOTE, FLAGS_NOTE]);
});

Deno.test("one wildcard permission lets all our variables be read", async () => {
  const { code, out, err } = await run(["--allow-env=CLAUDE_PROXY_*,HOME"], FLAGS, {
    CLAUDE_PROXY__PORT: "81",
  });
  assert.equal(code, 0, err);
  assert.match(out, /^port 81 CLAUDE_PROXY__PORT$/m);
  assert.ok(!notes(out).includes(ENV_NOTE), out);
});

Deno.test("ignored permissions read as nothing there, without a note of that", async () => {
  const { code, out, err } = await run(["--ignore-env", "--ignore-read"], FLAGS, {
    CLAUDE_PROXY__PORT: "81",
  });
  assert.equal(code, 0, err);
  assert.match(out, /^port 8080 default$/m);
  assert.deepEqual(notes(out), [FLAGS_NOTE]);
});

Deno.test("a denied permission is no permission", async () => {
  const { out } = await run(["--deny-env", "--deny-read"], FLAGS);
  assert.deepEqual(notes(out), [READ_NOTE, ENV_NOTE, FLAGS_NOTE]);
});

Deno.test("unknown variables are found with full permission, and files are read", async () => {
  const env = { CLAUDE_PROXY__PROT: "1", KEY: "from-variable" };
  await withFile('client_api_key = "${KEY}"\nport = "x"\n', async (cwd) => {
    const { code, err } = await run(["--allow-env", "--allow-read"], [], env, cwd);
    assert.equal(code, 2);
    assert.match(err, /CLAUDE_PROXY__PROT: unknown variable; did you mean CLAUDE_PROXY__PORT\?/);
    assert.match(err, /config\.toml:2: port: expected a whole number/);
    assert.doesNotMatch(err, /client_api_key is not set/);
  });
});

Deno.test("a named file without permission, and a variable without, say what to allow", async () => {
  await withFile('client_api_key = "${KEY}"\n', async (cwd) => {
    const unread = await run([], [...FLAGS, "--config", "config.toml"], {}, cwd);
    assert.equal(unread.code, 2);
    assert.match(
      unread.err,
      /not allowed to read config\.toml; run with --allow-read=config\.toml/,
    );
    const read = await run(["--allow-read=config.toml"], [], { KEY: "x" }, cwd);
    assert.match(
      read.err,
      /config\.toml:1: client_api_key: not allowed to read the variable KEY$/m,
    );
    assert.match(read.err, /^Note: .* '--allow-env=CLAUDE_PROXY_\*,KEY,ALL_PROXY,/m);
  });
});

Deno.test({
  name: "a variable that is no UTF-8 is a complaint",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    // Only a shell can set such a variable: Deno.Command takes text.
    const script = `CLAUDE_PROXY__PORT=$(printf '\\377') exec "$@"`;
    const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check", `--config=${CONFIG}`];
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", ...deno, "--allow-env", PROGRAM, ...FLAGS],
    }).output();
    assert.equal(code, 2);
    assert.match(new TextDecoder().decode(stderr), /CLAUDE_PROXY__PORT: expected a whole number/);
  },
});

Deno.test("a directory in the file's place is a complaint", async () => {
  const { code, err } = await run(["--allow-read"], [...FLAGS, "--config", "."]);
  assert.equal(code, 2);
  assert.match(err, /--config: cannot read \.: /);
});

function notes(out: string): string[] {
  return [...out.matchAll(/^Note: (.*)$/gm)].map((match) => match[1] ?? "");
}

async function run(
  permissions: string[],
  args: string[],
  env: Record<string, string> = {},
  cwd?: string,
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      `--config=${CONFIG}`,
      ...permissions,
      PROGRAM,
      ...args,
    ],
    env: { HOME: Deno.env.get("HOME") ?? "", DENO_DIR: await denoDir(), NO_COLOR: "1", ...env },
    clearEnv: true,
    cwd: cwd ?? fileURLToPath(new URL(".", import.meta.url)),
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

let cachedDenoDir: string | undefined;

/** Where the cached dependencies are, since the environment is otherwise empty. */
async function denoDir(): Promise<string> {
  if (cachedDenoDir !== undefined) return cachedDenoDir;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  cachedDenoDir = JSON.parse(new TextDecoder().decode(stdout)).denoDir as string;
  return cachedDenoDir;
}

async function withFile(toml: string, use: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/config.toml`, toml);
    await use(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
