import assert from "node:assert/strict";
import { writeAll } from "../../../src/net/write_all.ts";

Deno.test("every byte is written, however few are taken at a time", async () => {
  const written: number[] = [];
  const write = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, 1 + written.length % 3);
    written.push(...taken);
    return Promise.resolve(taken.length);
  };
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
  await writeAll({ write }, bytes);
  assert.deepEqual(written, [...bytes]);
  await writeAll({ write: () => assert.fail("nothing is left to write") }, new Uint8Array());
});
