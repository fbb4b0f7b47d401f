import assert from "node:assert/strict";
import { nearest } from "../../../src/config/load/nearest.ts";

Deno.test("a near miss is recognised and anything further is not", () => {
  const candidates = ["port", "upstream_url", "bind_address", "level"];
  const cases = [
    ["prot", "port"],
    ["Port", "port"],
    ["upstrem_url", "upstream_url"],
    ["upstream-url", "upstream_url"],
    ["UPSTREAM_URI", "upstream_url"],
    ["bindaddress", "bind_address"],
    ["bind_adress", "bind_address"],
    ["lvel", "level"],
    ["pt", undefined],
    ["", undefined],
    ["client_id", undefined],
  ] as const;
  for (const [word, expected] of cases) assert.equal(nearest(word, candidates), expected, word);
});
