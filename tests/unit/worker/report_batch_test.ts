import assert from "node:assert/strict";
import type { RequestRecord, RequestReport } from "../../../src/ipc/messages.ts";
import { ReportBatch } from "../../../src/worker/report_batch.ts";
import { Condition } from "../../kit/time/condition.ts";

const RECORD = {} as RequestRecord;

/** A supervisor that takes reports when it is told to. */
class Supervisor {
  readonly reports: RequestReport[] = [];
  readonly #changed = new Condition();
  #taken = Promise.withResolvers<void>();
  readonly batch = new ReportBatch(3, (report) => {
    this.reports.push(report);
    this.#changed.notify();
    return this.#taken.promise;
  });

  take(): void {
    const { resolve } = this.#taken;
    this.#taken = Promise.withResolvers();
    resolve();
  }

  async until(count: number): Promise<void> {
    await this.#changed.until(() => this.reports.length >= count || undefined, `${count} reports`);
  }

  /** Records and losses of each report. */
  get told(): [records: number, lost: number][] {
    return this.reports.map(({ records, lost }) => [records.length, lost]);
  }
}

Deno.test("many requests share a report, and the next waits until it was taken", async () => {
  const supervisor = new Supervisor();
  const { batch } = supervisor;
  for (let count = 0; count < 3; count++) batch.add(RECORD);
  batch.inFlight(7, 2);
  await supervisor.until(1);
  for (let count = 0; count < 5; count++) batch.add(RECORD);
  await new Promise((later) => setTimeout(later, 50));
  assert.deepEqual(supervisor.reports, [
    { worker: 3, inFlight: 7, webSockets: 2, lost: 0, records: [RECORD, RECORD, RECORD] },
  ]);
  supervisor.take();
  await supervisor.until(2);
  assert.deepEqual(supervisor.told, [[3, 0], [5, 0]]);
  supervisor.take();
  await batch.flushed();
});

Deno.test("what waits goes out in reports of 2,000, and beyond 20,000 is counted only", async () => {
  const supervisor = new Supervisor();
  const { batch } = supervisor;
  for (let count = 0; count < 20_123; count++) batch.add(RECORD);
  const flushed = batch.flushed();
  for (let count = 1; count <= 10; count++) {
    await supervisor.until(count);
    supervisor.take();
  }
  await flushed;
  assert.deepEqual(supervisor.told, [[2_000, 123], ...Array(9).fill([2_000, 0])]);
});

Deno.test("headers count: fewer records go out at once, and fewer wait", async () => {
  const supervisor = new Supervisor();
  const { batch } = supervisor;
  const headers = { request: { "x": "a".repeat(99_998) }, response: { "y": "b".repeat(98_999) } };
  // Each costs 199,999 characters, with its names and the 1,000 of any record.
  const long = { headers } as unknown as RequestRecord;
  for (let count = 0; count < 107; count++) batch.add(long);
  const flushed = batch.flushed();
  for (let count = 1; count <= 10; count++) {
    await supervisor.until(count);
    supervisor.take();
  }
  await flushed;
  assert.deepEqual(supervisor.told, [[10, 7], ...Array(9).fill([10, 0])]);
});

Deno.test("a record that costs more than a report may goes out alone", async () => {
  const supervisor = new Supervisor();
  const { batch } = supervisor;
  const headers = { request: { "x": "a".repeat(3_000_000) }, response: {} };
  const huge = { headers } as unknown as RequestRecord;
  for (const record of [RECORD, huge, RECORD]) batch.add(record);
  const flushed = batch.flushed();
  for (let count = 1; count <= 3; count++) {
    await supervisor.until(count);
    supervisor.take();
  }
  await flushed;
  assert.deepEqual(supervisor.told, [[1, 0], [1, 0], [1, 0]]);
});

Deno.test("with nothing to report nothing is waited for", async () => {
  await new Supervisor().batch.flushed();
});
