import assert from "node:assert/strict";
import { productOf, requestId, upstreamRequestId } from "../../../src/runtime/access_record.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("a client's request id is kept where it is sane, else it gets one of ours", () => {
  const idOf = (id: string) => requestId(new Headers({ "x-request-id": id }));
  for (const sane of ["a", "req_011CSHo", "1-67891233-abcdef012345678912345678", "a".repeat(128)]) {
    assert.equal(idOf(sane), sane);
  }
  for (const odd of ["", " ", "a b", "a\tb", '"a"', "a".repeat(129), "-a", "a,b", "é", "a=b"]) {
    assert.match(idOf(odd), UUID, odd);
  }
  assert.match(requestId(new Headers()), UUID);
});

Deno.test("the upstream's request id is found under each vendor's name", () => {
  for (const name of ["request-id", "apim-request-id", "x-request-id"]) {
    assert.equal(upstreamRequestId(new Headers({ [name]: "req_1" })), "req_1");
  }
  const both = new Headers({ "x-request-id": "theirs", "apim-request-id": "azure" });
  assert.equal(upstreamRequestId(both), "azure");
  assert.equal(upstreamRequestId(new Headers({ "request-id": "a b" })), undefined);
});

Deno.test("of a user agent its first product is logged", () => {
  const cases: [string | null, string | undefined][] = [
    ["claude-cli/2.0.1 (external, cli)", "claude-cli/2.0.1"],
    ["Anthropic/Python 0.60.0", "Anthropic/Python"],
    ["codex_cli_rs/0.42.0 (Debian 12) xterm", "codex_cli_rs/0.42.0"],
    ["curl", "curl"],
    ["", undefined],
    [null, undefined],
    ["(odd)", undefined],
  ];
  for (const [agent, product] of cases) assert.equal(productOf(agent), product);
  assert.equal(productOf("x".repeat(1000))?.length, 64);
});
