import assert from "node:assert/strict";

const MODULE = new URL("../../../src/permissions/variable.ts", import.meta.url).href;
/** Bytes that are no UTF-8 cannot be given by `Deno.Command`: a shell has to. */
const PROGRAM = `const { lookUpVariable, readVariable } = await import(${JSON.stringify(MODULE)});
  console.log(JSON.stringify(["SET", "EMPTY", "UNSET", "BROKEN"]
    .map((name) => [lookUpVariable(name), readVariable(name) ?? null])));`;

const GRANTED = [
  [{ value: "1" }, "1"],
  [{ value: "" }, null],
  ["unset", null],
  [{ value: "\uFFFD" }, "\uFFFD"],
];
const CASES: [flags: string[], answers: unknown[]][] = [
  [["--allow-env"], GRANTED],
  [["--allow-env=SET,EMPTY,UNSET,BROKEN"], GRANTED],
  [["--ignore-env"], Array(4).fill(["hidden", null])],
  [["--allow-env=SET", "--ignore-env"], [GRANTED[0], ...Array(3).fill(["hidden", null])]],
  [["--deny-env"], Array(4).fill(["not-granted", null])],
  [[], Array(4).fill(["not-granted", null])],
  [["--allow-env=SET"], [GRANTED[0], ...Array(3).fill(["not-granted", null])]],
];

for (const [flags, answers] of CASES) {
  Deno.test({
    name: `variables are looked up without a prompt with ${flags.join() || "no flag"}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const file = await Deno.makeTempFile({ suffix: ".ts" });
      await Deno.writeTextFile(file, PROGRAM);
      const run = `exec env BROKEN="$(printf '\\377')" "$@"`;
      const deno = [Deno.execPath(), "run", "--no-config", "--allow-import", ...flags, file];
      const { stdout, stderr } = await new Deno.Command("sh", {
        args: ["-c", run, "sh", ...deno],
        env: { SET: "1", EMPTY: "", NO_COLOR: "1" },
      }).output();
      await Deno.remove(file);
      const printed = new TextDecoder().decode(stdout);
      assert.notEqual(printed, "", new TextDecoder().decode(stderr));
      assert.deepEqual(JSON.parse(printed), answers);
    },
  });
}
