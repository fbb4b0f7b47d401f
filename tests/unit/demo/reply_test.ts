import assert from "node:assert/strict";
import fc from "fast-check";
import { replyTo, type Tool, type ToolChoice } from "../../../tools/demo/reply.ts";

const plain = { afterTool: false, tools: [], toolChoice: { mode: "auto" as const } };
const first: Tool = { name: "first", schema: { type: "object", properties: {} } };
const second: Tool = { name: "second", schema: undefined };

Deno.test("the pieces of a reply, joined, are the reply", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (question) => {
    const said = replyTo({ ...plain, question });
    assert.ok(said.kind === "text");
    assert.equal(said.pieces.join(""), said.text);
    const tool = { name: "echo", schema: { properties: { text: { type: "string" } } } };
    const called = replyTo({ ...plain, tools: [tool], question });
    assert.ok(called.kind === "tool");
    assert.equal(called.pieces.join(""), called.json);
    assert.deepEqual(JSON.parse(called.json), { text: question });
  }));
});

Deno.test("a long question is quoted in part", () => {
  const said = replyTo({ ...plain, question: "word ".repeat(1000) });
  assert.ok(said.kind === "text" && said.text.length < 500 && said.text.includes("word …”"));
});

const cases: [string, Tool[], ToolChoice, string | undefined][] = [
  ["the only tool offered is called", [first], { mode: "auto" }, "first"],
  ["an agent's many tools are left alone", [first, second], { mode: "auto" }, undefined],
  ["a required call goes to the first tool", [first, second], { mode: "required" }, "first"],
  ["a named tool is called", [first, second], { mode: "required", name: "second" }, "second"],
  ["an unknown tool is not called", [first], { mode: "required", name: "third" }, undefined],
  ["a forbidden tool is not called", [first], { mode: "none" }, undefined],
];
for (const [name, tools, toolChoice, expected] of cases) {
  Deno.test(name, () => {
    const reply = replyTo({ question: "?", afterTool: false, tools, toolChoice });
    assert.equal(reply.kind === "tool" ? reply.name : undefined, expected);
  });
}

Deno.test("tool arguments fit the tool's schema", () => {
  const schema = {
    type: "object",
    properties: {
      city: { type: ["string", "null"] },
      unit: { enum: ["celsius", "fahrenheit"] },
      days: { type: "integer" },
      hourly: { type: "boolean" },
      stations: { type: "array", items: { type: "string" } },
      nothing: { type: "null" },
      place: { type: "object", properties: { a: { type: "number" }, b: {} }, required: ["a"] },
    },
  };
  const reply = replyTo({ ...plain, tools: [{ name: "weather", schema }], question: "Rain?" });
  assert.ok(reply.kind === "tool");
  assert.deepEqual(reply.input, {
    city: "Rain?",
    unit: "celsius",
    days: 1,
    hourly: true,
    stations: [],
    nothing: null,
    place: { a: 1 },
  });
});
