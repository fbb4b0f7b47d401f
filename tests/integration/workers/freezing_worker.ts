/**
 * The real request worker, which a request to `/freeze/HOW` freezes: in JavaScript for ever, in the
 * runtime for so many milliseconds, or by leaving without a word.
 *
 * @module
 */
import "../../../src/worker/main.ts";

const realFetch = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const how = /\/freeze\/(\w+)$/.exec(String(input))?.[1];
  if (how !== undefined) setTimeout(freeze, 10, how);
  return realFetch(input, init);
};

function freeze(how: string): void {
  if (how === "closed") return self.close();
  if (how === "loop") { for (;;); }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(how));
}
