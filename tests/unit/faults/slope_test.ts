import assert from "node:assert/strict";
import { leastSquaresSlope } from "../../soak/slope.ts";

Deno.test("the slope is the line's own, the best one where there is no line, NaN without points", () => {
  assert.equal(leastSquaresSlope([[0, 5], [1, 7], [2, 9]]), 2);
  assert.equal(leastSquaresSlope([[0, 1], [1, 0], [2, 0], [3, 1]]), 0);
  assert.ok(Number.isNaN(leastSquaresSlope([[1, 1]])));
  assert.ok(Number.isNaN(leastSquaresSlope([])));
});
