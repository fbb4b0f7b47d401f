import assert from "node:assert/strict";
import fc from "fast-check";
import { digestKey } from "../../../src/clients/identify.ts";
import { misplacedKey } from "../../../src/clients/misplaced_key.ts";

const KEY = "a-key/of=ours+1";
const PADDED = "cGFkZGVk==";
const ACCEPTED = [digestKey("another-key"), digestKey(PADDED), digestKey(KEY)];
const ENCODED = encodeURIComponent(KEY);
const ODDLY_ENCODED = [...KEY].map((char) => `%${char.charCodeAt(0).toString(16)}`).join("");

function placeOf(headers: [string, string][], target = "/v1/messages"): string | undefined {
  return misplacedKey(new Headers(headers), target, ACCEPTED);
}

const IN_HEADERS: [name: string, value: string, place: string][] = [
  ["x_api_key", KEY, "header"],
  ["x-goog-api-key", KEY, "header"],
  ["x-request-id", KEY, "header"],
  ["user-agent", KEY, "header"],
  ["referer", KEY, "header"],
  ["x_authorization", `Bearer ${KEY}`, "header"],
  ["proxy-authorization", `bearer  ${KEY}`, "header"],
  ["x-quoted", `"${KEY}"`, "header"],
  ["x-list", `one, ${KEY}, two`, "header"],
  ["x-list", `one,\t"${KEY}"`, "header"],
  ["x-list", `one,Bearer ${KEY}`, "header"],
  ["cookie", `key=${KEY}`, "cookie"],
  ["cookie", `a=1; key=${KEY}; b=2`, "cookie"],
  ["cookie", `a=1;key="${KEY}"`, "cookie"],
  ["cookie", `authorization=Bearer%20${ENCODED}`, "cookie"],
  ["cookie", KEY, "cookie"],
  ["cookie", `a; ${PADDED}`, "cookie"],
  ["cookie", `a=${PADDED}; b`, "cookie"],
  ["sec-websocket-protocol", `openai-insecure-api-key.${KEY}`, "subprotocol"],
  ["sec-websocket-protocol", `realtime, OpenAI-Insecure-API-Key.${KEY}`, "subprotocol"],
  ["sec-websocket-protocol", `realtime, ${KEY}`, "subprotocol"],
  ["x-protocol", `OPENAI-INSECURE-API-KEY.${KEY}`, "header"],
];

for (const [name, value, place] of IN_HEADERS) {
  Deno.test(`a key is found in ${name}: ${value.replaceAll(KEY, "KEY")}`, () => {
    assert.equal(placeOf([["accept", "*/*"], [name, value]]), place);
  });
}

Deno.test("a key is found in a header of any name, among others", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/).filter((name) => name !== "cookie");
  const value = fc.stringMatching(/^[!-+.-~]{0,20}$/);
  fc.assert(
    fc.property(name, fc.array(fc.tuple(name, value), { maxLength: 20 }), (name, others) => {
      assert.notEqual(
        placeOf([...others.filter(([other]) => other !== name), [name, KEY]]),
        undefined,
      );
    }),
  );
});

for (
  const [target, place] of [
    [`/v1/messages?api-key=${ENCODED}`, "query"],
    [`/v1/messages?beta=true&key=${ENCODED}`, "query"],
    [`/v1/messages?key=${ODDLY_ENCODED}&x`, "query"],
    [`/v1/messages?key=${KEY}`, "query"],
    [`/v1/messages?&&${PADDED}`, "query"],
    [`/v1/messages?a=&b=${PADDED}`, "query"],
    [`/v1/messages?authorization=Bearer%20${ENCODED}`, "query"],
    [`/v1/messages?authorization=Bearer+${ENCODED}`, "query"],
    [`/v1/messages?authorization=bearer++${KEY}`, "query"],
    [`/v1/messages?key=?${KEY}&key=${KEY}`, "query"],
    [`/v1/messages?bad=%zz&key=${ENCODED}`, "query"],
    [`/${ENCODED}/v1/messages`, "path"],
    [`/v1/models/${ODDLY_ENCODED}`, "path"],
  ] as const
) {
  Deno.test(`a key is found in the ${place}: ${target.replaceAll(KEY, "KEY").slice(0, 40)}`, () => {
    assert.equal(placeOf([], target), place);
  });
}

Deno.test("a key in percent-encoding is found although it holds a percent sign itself", () => {
  const accepted = [digestKey("100%41%")];
  const found = (target: string) => misplacedKey(new Headers(), target, accepted);
  assert.equal(found("/?key=100%2541%25"), "query");
  assert.equal(found("/?key=100%41%"), "query", "as it is, for want of a right encoding");
});

Deno.test("what is no key of ours, or only holds one, is let be", () => {
  for (
    const value of ["wrong", `${KEY}x`, `x${KEY}`, `was ${KEY}`, KEY.toUpperCase(), "", " , ,"]
  ) {
    const headers: [string, string][] = [["x-a", value], ["cookie", `a=${value}`]];
    assert.equal(placeOf(headers, `/v1/messages?a=${encodeURIComponent(value)}`), undefined, value);
  }
  assert.equal(misplacedKey(new Headers({ "x-a": KEY }), "/", []), undefined);
});

Deno.test("the 64th text is looked at, and no further one", () => {
  const list = (length: number) => Array.from({ length }, (_, index) => `v${index}`).join(",");
  // The list as a whole is the first.
  assert.equal(placeOf([["x-a", `${list(62)},${KEY}`]]), "header");
  assert.equal(placeOf([["x-a", `${list(63)},${KEY}`]]), undefined);
});

Deno.test("what is too long to be digested counts too, so that the search ends", () => {
  const target = (others: number) => `/?${"k".repeat(16_385)}${"&a".repeat(others)}&key=${ENCODED}`;
  assert.equal(placeOf([], target(62)), "query");
  assert.equal(placeOf([], target(63)), undefined);
});

Deno.test("16,384 characters are looked at, and what is longer costs nothing", () => {
  const most = "k".repeat(16_384);
  const found = (headers: [string, string][]) =>
    misplacedKey(new Headers(headers), "/", [digestKey(most), digestKey(KEY)]);
  assert.equal(found([["x-a", most]]), "header");
  assert.equal(found([["x-a", `${most}k`], ["x-b", KEY]]), "header");
  assert.equal(found([["x-a", "x".repeat(16_384 - KEY.length)], ["x-b", KEY]]), "header");
  assert.equal(found([["x-a", "x".repeat(16_385 - KEY.length)], ["x-b", KEY]]), undefined);
});
