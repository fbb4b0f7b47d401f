import assert from "node:assert/strict";
import { offeredProtocols, withoutKey } from "../../../src/clients/key_protocol.ts";

const CASES: [header: string | null, protocols: string[], key: string | undefined][] = [
  [null, [], undefined],
  ["", [], undefined],
  ["realtime", ["realtime"], undefined],
  ["realtime,openai-insecure-api-key.k, v1", ["realtime", "v1"], "k"],
  ["OpenAI-Insecure-API-Key.Kk", [], "Kk"],
  ["openai-insecure-api-key.a, OPENAI-INSECURE-API-KEY.b, c", ["c"], "a"],
  ["openai-insecure-api-key.", [], ""],
  ["not-openai-insecure-api-key.k", ["not-openai-insecure-api-key.k"], undefined],
];

for (const [header, protocols, key] of CASES) {
  Deno.test(`a key among subprotocols is told from them: ${header}`, () => {
    assert.deepEqual(offeredProtocols(header), { protocols, key });
  });
}

Deno.test("subprotocols without a key stay byte for byte, and a key takes its entry along", () => {
  for (const header of ["realtime,v1", " a ,, b", "", "not-openai-insecure-api-key.k ,a"]) {
    if (!header.includes("openai")) assert.equal(withoutKey(header), header);
  }
  assert.equal(withoutKey("a,OpenAI-insecure-api-key.k,b"), "a, b");
  assert.equal(withoutKey("openai-insecure-api-key.k"), undefined);
  assert.equal(withoutKey("openai-insecure-api-key.k, Openai-insecure-api-key.l ,"), undefined);
});
