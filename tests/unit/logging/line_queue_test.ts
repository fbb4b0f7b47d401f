import assert from "node:assert/strict";
import { LineQueue, type LogLine } from "../../../src/logging/line_queue.ts";
import { Condition } from "../../kit/time/condition.ts";

const line = (text: string): LogLine => ({ timestamp: 0, text });

/** A writer that holds each write until the test settles it. */
class HeldWriter {
  readonly writes: { text: string; succeed: () => void; fail: () => void }[] = [];
  #changed = new Condition();

  write = (lines: readonly LogLine[]): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const text = lines.map((line) => line.text).join("");
    this.writes.push({ text, succeed: resolve, fail: () => reject(new Error("refused")) });
    this.#changed.notify();
    return promise;
  };

  nth(count: number) {
    return this.#changed.until(() => this.writes[count - 1], `write ${count}`);
  }
}

Deno.test("lines of one turn are one write, and those that come meanwhile the next", async () => {
  const writer = new HeldWriter();
  const queue = new LineQueue({ write: writer.write, onDrop: assert.fail });
  queue.push(line("a"));
  queue.push(line("b"));
  const first = await writer.nth(1);
  queue.push(line("c"));
  queue.push(line("d"));
  assert.equal(first.text, "ab");
  first.succeed();
  const second = await writer.nth(2);
  assert.equal(second.text, "cd");
  second.succeed();
  await queue.close(1000);
});

Deno.test("a writer that stalls costs lines beyond the bound, which are counted", async () => {
  const writer = new HeldWriter();
  let dropped = 0;
  const recovered = Promise.withResolvers<void>();
  const queue = new LineQueue({
    write: writer.write,
    maxCharacters: 3,
    onDrop: () => dropped++,
    onRecovery: recovered.resolve,
  });
  for (const text of "abcde") queue.push(line(text));
  assert.equal(dropped, 2);
  (await writer.nth(1)).succeed();
  await recovered.promise;
  queue.push(line("f"));
  (await writer.nth(2)).succeed();
  await queue.close(1000);
  assert.deepEqual([writer.writes.map(({ text }) => text), dropped], [["abc", "f"], 2]);
});

Deno.test("a write that fails comes again as it was, and nothing overtakes it", async () => {
  const writer = new HeldWriter();
  const failures: unknown[] = [];
  const queue = new LineQueue({
    write: writer.write,
    retryMs: 1,
    onDrop: assert.fail,
    onFailure: (error) => failures.push(error),
  });
  queue.push(line("a"));
  (await writer.nth(1)).fail();
  queue.push(line("b"));
  (await writer.nth(2)).succeed();
  (await writer.nth(3)).succeed();
  await queue.close(1000);
  assert.deepEqual(writer.writes.map(({ text }) => text), ["a", "a", "b"]);
  assert.equal(failures.length, 1);
});

Deno.test("at the end what is left is written once more, then given up", async () => {
  const writer = new HeldWriter();
  let dropped = 0;
  const failed = Promise.withResolvers<void>();
  const queue = new LineQueue({
    write: writer.write,
    retryMs: 60_000,
    onDrop: () => dropped++,
    onFailure: () => failed.resolve(),
  });
  queue.push(line("a"));
  (await writer.nth(1)).fail();
  await failed.promise;
  const closed = queue.close(60_000);
  (await writer.nth(2)).fail();
  await closed;
  assert.equal(dropped, 1);
});

Deno.test("the end does not wait for a writer that stalls", async () => {
  const writer = new HeldWriter();
  let dropped = 0;
  const queue = new LineQueue({ write: writer.write, onDrop: () => dropped++ });
  queue.push(line("a"));
  await writer.nth(1);
  await queue.close(1);
  assert.equal(dropped, 1);
});

Deno.test("neighbours that must not be written together are not", async () => {
  const writes: string[] = [];
  const queue = new LineQueue({
    write: (lines) => Promise.resolve(void writes.push(lines.map(({ text }) => text).join(""))),
    together: (a, b) => a.timestamp === b.timestamp,
    onDrop: assert.fail,
  });
  for (const [timestamp, text] of [[1, "a"], [1, "b"], [2, "c"], [1, "d"]] as const) {
    queue.push({ timestamp, text });
  }
  await queue.close(1000);
  assert.deepEqual(writes, ["ab", "c", "d"]);
});
