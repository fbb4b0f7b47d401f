import assert from "node:assert/strict";
import { Channel, ChannelClosed, type ChannelOptions } from "../../../src/ipc/channel.ts";

/** What one end of these tests offers; the other end offers nothing. */
interface Calculator {
  square(value: number): number;
  later(value: number): Promise<number>;
  never(): Promise<void>;
  fail(reason: string): void;
  note(text: string): void;
}

type Nothing = Record<never, never>;

/** A channel, and the bare port at its other end. */
class Ends implements Disposable {
  readonly ports = new MessageChannel();
  readonly notes: string[] = [];

  /** The end that offers. */
  calculator(options: ChannelOptions<Calculator> = {}): Channel<Nothing, Calculator> {
    return new Channel<Nothing, Calculator>(this.ports.port2, {
      square: (value) => value * value,
      later: (value) => Promise.resolve(value + 1),
      never: () => new Promise(() => {}),
      fail: (reason) => {
        throw new RangeError(reason);
      },
      note: (text) => {
        if (text === "unbearable") throw new Error("cannot note that");
        this.notes.push(text);
      },
    }, options);
  }

  /** The end that calls. */
  caller(options: ChannelOptions<Nothing> = {}): Channel<Calculator, Nothing> {
    return new Channel<Calculator, Nothing>(this.ports.port1, {}, options);
  }

  [Symbol.dispose](): void {
    this.ports.port1.close();
    this.ports.port2.close();
  }
}

Deno.test("calls are answered, each with its own result, in whatever order", async () => {
  using ends = new Ends();
  ends.calculator();
  const channel = ends.caller();
  const results = [channel.call("later", 1), channel.call("square", 4), channel.call("later", 2)];
  assert.deepEqual(await Promise.all(results), [2, 16, 3]);
});

Deno.test("what a function throws reaches the caller with its name and message", async () => {
  using ends = new Ends();
  ends.calculator();
  await assert.rejects(ends.caller().call("fail", "too far"), (error: Error) => {
    assert.deepEqual([String(error), error instanceof ChannelClosed], [
      "RangeError: too far",
      false,
    ]);
    return true;
  });
});

Deno.test("an event arrives before the answer to a call made after it", async () => {
  using ends = new Ends();
  ends.calculator();
  const channel = ends.caller();
  channel.tell("note", "first");
  assert.equal(await channel.call("square", 2), 4);
  assert.deepEqual(ends.notes, ["first"]);
});

Deno.test("a result or an argument that cannot be cloned fails that call alone", async () => {
  using ends = new Ends();
  ends.calculator();
  const channel = ends.caller();
  const unclonable = (() => {}) as unknown as number;
  await assert.rejects(channel.call("square", unclonable), { name: "DataCloneError" });
  assert.equal(await channel.call("square", 3), 9);
});

Deno.test("closing settles every open call with the reason, and those that come later", async () => {
  using ends = new Ends();
  ends.calculator();
  const closed: string[] = [];
  const channel = ends.caller({ onClose: (reason) => closed.push(reason) });
  const open = [channel.call("never"), channel.call("never")];
  channel.close("it died");
  channel.close("and again");
  channel.tell("note", "into the void");
  const gone = { name: "ChannelClosed", message: "it died" };
  for (const call of [...open, channel.call("square", 1)]) await assert.rejects(call, gone);
  assert.deepEqual([ends.notes, closed], [[], ["it died"]]);
});

Deno.test("a call that takes too long is given up, and its late answer is none too many", async () => {
  using ends = new Ends();
  const channel = ends.caller();
  await assert.rejects(channel.call("square", 5, { timeoutMs: 1 }), {
    name: "TimeoutError",
    message: "no answer to square within 1 ms",
  });
  ends.calculator();
  assert.equal(await channel.call("square", 6), 36);
});

Deno.test("a call in time leaves no timer behind", async () => {
  using ends = new Ends();
  ends.calculator();
  assert.equal(await ends.caller().call("square", 2, { timeoutMs: 3_600_000 }), 4);
});

const malformed: [what: string, message: unknown, reason: RegExp][] = [
  ["null", null, /no object/],
  ["undefined", undefined, /no object/],
  ["a string", "square", /no object/],
  ["an empty object", {}, /an answer to no call/],
  ["an array", [1], /an answer to no call/],
  ["a name that is no string", { name: 1, argument: 1, id: 1 }, /an unknown name/],
  ["an unknown name", { name: "cube", argument: 1, id: 1 }, /an unknown name/],
  ["the name of what every object has", { name: "toString", argument: 1 }, /an unknown name/],
  ["the name of the prototype", { name: "__proto__", argument: 1 }, /an unknown name/],
  ["an id that is no number", { name: "square", argument: 1, id: {} }, /id is no number/],
  ["an answer to a call that nobody made", { id: 1, result: 1 }, /an answer to no call/],
  ["an error for a call that nobody made", { id: 7, error: null }, /an answer to no call/],
  ["an answer without an id", { result: 1 }, /an answer to no call/],
];

for (const [what, message, reason] of malformed) {
  Deno.test(`${what} is a violation, reported and not thrown`, async () => {
    using ends = new Ends();
    const violation = Promise.withResolvers<string>();
    ends.calculator({ onViolation: violation.resolve });
    ends.ports.port1.postMessage(message);
    assert.match(await violation.promise, reason);
  });
}

Deno.test("without another wish a violation closes the channel", async () => {
  using ends = new Ends();
  const closed = Promise.withResolvers<string>();
  const channel = ends.caller({ onClose: closed.resolve });
  const open = channel.call("square", 1);
  ends.ports.port2.postMessage(null);
  await assert.rejects(open, ChannelClosed);
  assert.match(await closed.promise, /^protocol violation: /);
});

Deno.test("an event whose function throws is a violation with its cause: nobody else would hear", async () => {
  using ends = new Ends();
  const violation = Promise.withResolvers<[string, unknown]>();
  ends.calculator({ onViolation: (reason, cause) => violation.resolve([reason, cause]) });
  ends.caller().tell("note", "unbearable");
  const [reason, cause] = await violation.promise;
  assert.match(reason, /note: cannot note that$/);
  assert.ok(cause instanceof Error);
});

Deno.test("arguments are read before a function sees them, and what cannot be read is a violation", async () => {
  using ends = new Ends();
  const violation = Promise.withResolvers<string>();
  const number = (argument: unknown) => {
    if (typeof argument !== "number") throw new TypeError("expected a number");
    return Math.round(argument);
  };
  ends.calculator({
    onViolation: violation.resolve,
    readers: { square: number, later: number, never() {}, fail: String, note: String },
  });
  const channel = ends.caller();
  assert.equal(await channel.call("square", 2.2), 4);
  ends.ports.port1.postMessage({ name: "square", argument: "2", id: 2 });
  assert.match(await violation.promise, /square: expected a number$/);
});

const errors: [thrown: unknown, text: string][] = [
  [null, "Error: an error without a message"],
  ["gone", "Error: an error without a message"],
  [{ name: 1, message: {} }, "Error: an error without a message"],
  [
    { name: "N".repeat(100), message: "m".repeat(3_000) },
    `${"N".repeat(64)}: ${"m".repeat(2_048)}`,
  ],
  [{ name: "ChannelClosed", message: "no, it lives" }, "ChannelClosed: no, it lives"],
];

for (const [thrown, text] of errors) {
  Deno.test(`the error ${JSON.stringify(thrown).slice(0, 60)} of the other end is an Error, and no close`, async () => {
    using ends = new Ends();
    const call = ends.caller().call("square", 1);
    ends.ports.port2.postMessage({ id: 1, error: thrown });
    await assert.rejects(call, (error) => {
      assert.deepEqual([String(error), error instanceof ChannelClosed], [text, false]);
      return true;
    });
  });
}
