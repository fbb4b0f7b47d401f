import assert from "node:assert/strict";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { RestartBackoff } from "../../../src/time/restart_backoff.ts";

Deno.test("each end soon after a start is waited for twice as long, to half a minute", () => {
  const backoff = new RestartBackoff(new FakeClock());
  const waits = Array.from({ length: 11 }, () => {
    backoff.started();
    return backoff.ended();
  });
  assert.deepEqual(
    waits,
    [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000],
  );
});

Deno.test("what has run for ten seconds starts anew, as one that was silent so long has", async () => {
  const clock = new FakeClock();
  const backoff = new RestartBackoff(clock);
  const waits: number[] = [];
  for (const lived of [0, 10_000, 10_001, 5_000]) {
    backoff.started();
    await clock.advance(lived);
    waits.push(backoff.ended());
  }
  assert.deepEqual(waits, [100, 200, 100, 200]);
});
