import assert from "node:assert/strict";
import { SeededRandom } from "../../kit/random/seeded_random.ts";

function numbers(seed: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 1000 }, () => random.next());
}

Deno.test("the same seed gives the same numbers, another gives others", () => {
  assert.deepEqual(numbers(7), numbers(7));
  assert.notDeepEqual(numbers(7), numbers(8));
  assert.ok(numbers(7).every((number) => number >= 0 && number < 1));
});

Deno.test("whole numbers reach both ends and nothing beyond", () => {
  const random = new SeededRandom(1);
  const drawn = new Set(Array.from({ length: 200 }, () => random.integer(3, 5)));
  assert.deepEqual([...drawn].sort(), [3, 4, 5]);
});

Deno.test("keys come as often as their weights say, and never where those are 0", () => {
  const random = new SeededRandom(1);
  const drawn = Array.from(
    { length: 4000 },
    () => random.weighted({ rare: 1, often: 3, never: 0 }),
  );
  const rare = drawn.filter((key) => key === "rare").length;
  assert.ok(rare > 800 && rare < 1200, String(rare));
  assert.ok(!drawn.includes("never"));
});

Deno.test("shuffling keeps every element", () => {
  const elements = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = new SeededRandom(1).shuffled(elements);
  assert.notDeepEqual(shuffled, elements);
  assert.deepEqual(shuffled.toSorted((one, other) => one - other), elements);
});
