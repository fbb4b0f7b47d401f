import assert from "node:assert/strict";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { MemoryGuard, type WorkerLoad } from "../../../src/supervisor/memory_guard.ts";

const LIMIT = 1_000;

/** A guard, what it sees, and what it did. */
class Guarded {
  readonly clock = new FakeClock();
  readonly did: string[] = [];
  held = 0;
  workers: WorkerLoad[] = [load(1, 3), load(2, 5), load(3, 4)];
  /** What happens to the memory when a worker is ended. */
  onEnd: (worker: number) => void = () => {};
  readonly guard: MemoryGuard;

  constructor(limit: number | undefined = LIMIT) {
    this.guard = new MemoryGuard({
      limit,
      workers: () => this.workers,
      end: (worker, reason) => {
        this.did.push(`${worker}: ${reason}`);
        this.onEnd(worker);
      },
      onFailure: ({ bytes }) => this.did.push(`failed at ${bytes}`),
      held: () => this.held,
      clock: this.clock,
    });
  }

  /** Those that were ended, in order. */
  get ended(): string[] {
    return this.did.map((line) => line.split(":", 1)[0]!);
  }
}

function load(worker: number, inFlight: number, silentMs = 0): WorkerLoad {
  return { worker, inFlight, silentMs };
}

Deno.test("up to the limit nobody is ended, nor without one", async () => {
  const at = new Guarded();
  at.held = LIMIT;
  await at.clock.advance(3_600_000);
  const without = new Guarded();
  without.guard.limit = undefined;
  without.held = Infinity;
  await without.clock.advance(3_600_000);
  assert.deepEqual([at.did, without.did], [[], []]);
});

Deno.test("above the limit the worker with the most requests is ended, once, when that helps", async () => {
  const guarded = new Guarded();
  guarded.onEnd = () => guarded.held = 500;
  guarded.held = 1_001;
  await guarded.clock.advance(3_600_000);
  assert.deepEqual(guarded.did, [
    "2: 1001 bytes of memory exceed memory_limit 1000, and no worker has more than its 5 requests",
  ]);
});

Deno.test("one that is silent goes first, whatever it has", async () => {
  const guarded = new Guarded();
  guarded.workers = [load(1, 3, 1_500), load(2, 5, 100), load(3, 4, 4_321)];
  guarded.onEnd = () => guarded.held = 500;
  guarded.held = 1_001;
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.did, [
    "3: 1001 bytes of memory exceed memory_limit 1000, and this worker has been silent for 4.3 s",
  ]);
});

Deno.test("where it does not help the next follows after three seconds, each once, and then none for ten minutes", async () => {
  const guarded = new Guarded();
  guarded.held = 2_000;
  await guarded.clock.advance(3_000);
  assert.deepEqual(guarded.ended, ["2"]);
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.ended, ["2", "3", "1", "failed at 2000"]);
  await guarded.clock.advance(540_000);
  assert.equal(guarded.ended.length, 4);
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.ended.slice(4), ["2", "3", "1", "failed at 2000"]);
});

Deno.test("memory that grows by a quarter ends the pause: a flood does not wait for ten minutes", async () => {
  const guarded = new Guarded();
  guarded.held = 2_000;
  await guarded.clock.advance(60_000);
  guarded.held = 2_500;
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.ended, ["2", "3", "1", "failed at 2000"]);
  guarded.held = 2_501;
  await guarded.clock.advance(1_000);
  assert.deepEqual(guarded.ended.slice(4), ["2"]);
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.ended.slice(4), ["2", "3", "1", "failed at 2501"]);
});

Deno.test("memory that has fallen and grows again is another case", async () => {
  const guarded = new Guarded();
  guarded.onEnd = () => guarded.held = 500;
  for (let count = 0; count < 3; count++) {
    guarded.held = 1_001;
    await guarded.clock.advance(5_000);
  }
  assert.deepEqual(guarded.ended, ["2", "2", "2"]);
});

Deno.test("a limit can come, change and go", async () => {
  const guarded = new Guarded();
  guarded.guard.limit = undefined;
  guarded.held = 1_001;
  await guarded.clock.advance(10_000);
  guarded.guard.limit = 1_001;
  await guarded.clock.advance(10_000);
  assert.deepEqual(guarded.did, []);
  guarded.guard.limit = 1_000;
  await guarded.clock.advance(1_000);
  assert.deepEqual(guarded.ended, ["2"]);
});

Deno.test("without a worker there is nothing to end, and it is said", async () => {
  const guarded = new Guarded();
  guarded.workers = [];
  guarded.held = 2_000;
  await guarded.clock.advance(60_000);
  assert.deepEqual(guarded.did, ["failed at 2000"]);
});

Deno.test("a guard that is stopped leaves no timer behind", async () => {
  const guarded = new Guarded();
  await guarded.clock.advance(2_500);
  guarded.guard.stop();
  assert.equal(guarded.clock.isIdle, true);
});
