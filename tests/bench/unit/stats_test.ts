import assert from "node:assert/strict";
import { median, medians, percentile } from "../stats.ts";

Deno.test("the median is the middle value, or between the two in the middle", () => {
  assert.equal(median([]), undefined);
  assert.equal(median([7]), 7);
  assert.equal(median([10, 2, 9]), 9);
  assert.equal(median([10, 2, 9, 4]), 6.5);
});

Deno.test("a percentile is a value that was measured, by nearest rank", () => {
  const hundred = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(hundred, 0), 1);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 1), 100);
  assert.equal(percentile(Float64Array.of(3, 1), 0.99), 3);
  assert.equal(percentile(new Float64Array(), 0.5), undefined);
});

Deno.test("medians are of each figure, over the rounds that have it", () => {
  assert.deepEqual(
    medians([{ rate: 3, cpu: 1 }, { rate: 1, cpu: undefined }, { rate: 2, lost: 0 }]),
    { rate: 2, cpu: 1, lost: 0 },
  );
  assert.deepEqual(medians([{ cpu: undefined }]), { cpu: undefined });
});
