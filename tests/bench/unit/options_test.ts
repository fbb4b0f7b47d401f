import assert from "node:assert/strict";
import { parseOptions } from "../options.ts";

Deno.test("without arguments everything is measured, and it is a full run", () => {
  assert.deepEqual(parseOptions([]), {
    rounds: 5,
    seconds: 2,
    streams: [1, 100, 500, 1000, 2000],
    full: true,
  });
});

Deno.test("arguments pick works, contenders and loads, and win over --quick", () => {
  const args = "--quick --rounds 2 --works 1,2 --contenders proxy,nginx --streams 100,500";
  assert.deepEqual(parseOptions(args.split(" ")), {
    rounds: 2,
    seconds: 1,
    works: ["1", "2"],
    contenders: ["proxy", "nginx"],
    streams: [100, 500],
    full: false,
  });
});

Deno.test("a run of shorter rounds is a full one, a run of fewer is not", () => {
  assert.equal(parseOptions(["--seconds", "1"]).full, true);
  assert.equal(parseOptions(["--rounds", "4"]).full, false);
});

Deno.test("what is no number, no flag or no name is refused", () => {
  assert.throws(() => parseOptions(["--rounds", "0"]), /positive whole number for --rounds.*"0"/);
  assert.throws(() => parseOptions(["--streams", "1,many"]), /for --streams, got "many"/);
  assert.throws(() => parseOptions(["--fast"]), /--fast/);
  assert.throws(
    () => parseOptions(["--works", "1,9"]),
    /no work "9", there are 1, 2, 3, 4, 5, 6, 7/,
  );
  assert.throws(() => parseOptions(["--contenders", "apache"]), /no contender "apache"/);
});
