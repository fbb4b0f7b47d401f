import assert from "node:assert/strict";
import { programOptions } from "../../kit/process/program_options.ts";

Deno.test("options are numbers with defaults, and texts that may be missing", () => {
  const read = (args: string[]) => programOptions(args, { minutes: 30, rate: 50 }, ["csv"]);
  assert.deepEqual({ ...read([]) }, { minutes: 30, rate: 50 });
  assert.deepEqual({ ...read(["--minutes", "0.5", "--csv", "a"]) }, {
    minutes: 0.5,
    rate: 50,
    csv: "a",
  });
});

Deno.test("what is no number, and an option there is not, are refused", () => {
  for (const args of [["--rate", "x"], ["--rate=-1"], ["--rate="], ["--other", "1"], ["--rate"]]) {
    assert.throws(() => programOptions(args, { rate: 50 }), TypeError, args.join(" "));
  }
});
