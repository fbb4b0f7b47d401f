import assert from "node:assert/strict";
import { main } from "../../../src/cli/main.ts";
import type { LoadedSettings } from "../../../src/config/load/load.ts";
import { ioOf, type World } from "./loading.ts";

Deno.test("help and version go to standard output with exit code 0", async () => {
  for (
    const [flag, text] of [["--help", /^Usage: claude-proxy/], [
      "--version",
      /^\d+\.\d+\./,
    ]] as const
  ) {
    const result = await invoke([flag]);
    assert.equal(result.code, 0);
    assert.match(result.out, text);
    assert.equal(result.err, "");
  }
});

Deno.test("wrong arguments go to standard error with exit code 2", async () => {
  const result = await invoke(["--upstrem-url", "x", "--prot", "1"]);
  assert.deepEqual(result, {
    code: 2,
    out: "",
    err: "2 problems with the command line:\n" +
      "  unknown flag --upstrem-url; did you mean --upstream-url?\n" +
      "  unknown flag --prot; did you mean --port?\n" +
      "Note: --help lists the flags\n",
    loaded: undefined,
  });
});

Deno.test("wrong settings are one report with exit code 2, and the command does not run", async () => {
  const result = await invoke(["--port", "x"], { env: {}, toml: "zzz = 1" });
  assert.equal(result.code, 2);
  assert.equal(result.loaded, undefined);
  assert.match(
    result.err,
    /^5 problems with the settings:\n {2}config\.toml:1: unknown /,
  );
  assert.match(result.err, /\n {2}--port: expected a whole number from 0 to 65535, got "x"\n/);
});

Deno.test("right settings reach the command, whose exit code is ours", async () => {
  const result = await invoke(["--port", "9"]);
  assert.equal(result.code, 7);
  assert.equal(result.loaded?.settings.port, 9);
  assert.equal(result.out + result.err, "");
});

async function invoke(args: string[], world: World = {}) {
  let [out, err] = ["", ""];
  let loaded: LoadedSettings | undefined;
  const code = await main(args, {
    io: ioOf(world),
    print: (text) => (out += `${text}\n`),
    printError: (text) => (err += `${text}\n`),
    commands: {
      serve: {
        doc: "Serve.",
        run(settings) {
          loaded = settings;
          return Promise.resolve(7);
        },
      },
    },
  });
  return { code, out, err, loaded };
}
