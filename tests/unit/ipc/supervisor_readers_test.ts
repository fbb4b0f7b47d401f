import assert from "node:assert/strict";
import fc from "fast-check";
import { supervisorReaders } from "../../../src/ipc/supervisor_readers.ts";
import type { RequestRecord } from "../../../src/ipc/messages.ts";
import { runs } from "../../kit/random/property_runs.ts";

const RECORD: RequestRecord = {
  time: Date.now(),
  id: "an-id",
  worker: 3,
  method: "POST",
  path: "/v1/messages",
  dialect: "anthropic",
  status: 200,
  firstByteMs: 1.5,
  totalMs: 2.5,
  requestBytes: 10,
  responseBytes: undefined,
  client: "authenticated",
  aborted: undefined,
  source: "proxy",
  upstreamRequestId: "req_1",
  userAgent: "claude-cli/2.0.1",
  code: "upstream_timeout",
  detail: "why",
  headers: { request: { a: "b" }, response: {} },
};

const readers = supervisorReaders(3);

function report(...records: unknown[]): unknown {
  return { worker: 3, inFlight: 2, webSockets: 1, records };
}

Deno.test("what a worker reports is taken as it is", () => {
  const bare = { ...RECORD, headers: undefined };
  assert.deepEqual(readers.requests(report(RECORD, bare)), report(RECORD, bare));
});

Deno.test("a worker speaks for itself alone", () => {
  const { worker, records } = readers.requests({
    worker: 1,
    inFlight: 0,
    webSockets: 0,
    records: [{ ...RECORD, worker: 2 }],
  });
  assert.deepEqual([worker, records[0]?.worker], [3, 3]);
});

Deno.test("a request ended now or within the last hour, or the log would have files of any day", () => {
  const told = (time: number) => readers.requests(report({ ...RECORD, time })).records[0]!.time;
  const now = Date.now();
  for (const time of [now + 86_400_000, 8.64e15, Infinity]) {
    assert.ok(told(time) >= now && told(time) <= Date.now(), `${time}`);
  }
  for (const time of [0, now - 86_400_000, -Infinity]) {
    assert.ok(told(time) >= now - 3_600_000 && told(time) <= Date.now() - 3_600_000, `${time}`);
  }
});

Deno.test("a code that is none of ours is called other, or labels would grow without end", () => {
  for (const code of ["made-up", "toString", "__proto__", ""]) {
    const { records } = readers.requests(report({ ...RECORD, code }));
    assert.equal(records[0]?.code, "other");
  }
});

const refused: [what: string, report: unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["no records", { inFlight: 1, webSockets: 0 }],
  ["records that are no list", { inFlight: 1, webSockets: 0, records: { length: 1 } }],
  ["a record that is null", report(null)],
  ["a count that is none", { inFlight: "1", webSockets: 0, records: [] }],
  ["no count of WebSockets", { inFlight: 1, records: [] }],
  ["a source that is none", report({ ...RECORD, source: "moon" })],
  ["an object for a dialect", report({ ...RECORD, dialect: { toString: 1 } })],
  ["a dialect that is none", report({ ...RECORD, dialect: "klingon" })],
  ["a number for a code", report({ ...RECORD, code: 7 })],
  ["a status beyond all", report({ ...RECORD, status: 1e9 })],
  ["a status that is no number", report({ ...RECORD, status: NaN })],
  ["a verdict that is none", report({ ...RECORD, client: "root" })],
  ["a time in words", report({ ...RECORD, time: "now" })],
  [
    "headers that are no texts",
    report({ ...RECORD, headers: { request: { a: 1 }, response: {} } }),
  ],
];

for (const [what, value] of refused) {
  Deno.test(`a report with ${what} is refused`, () => {
    assert.throws(() => readers.requests(value), TypeError);
  });
}

Deno.test("whatever is said of credentials is understood or refused", () => {
  const refusal = { type: "credential_refused", id: 1, status: 401 };
  assert.deepEqual(readers.credential({ ...refusal, more: 1 }), refusal);
  assert.deepEqual(readers.credential({ type: "credential_wanted" }), {
    type: "credential_wanted",
  });
  const others = [null, "credential_wanted", { type: "credential" }, { ...refusal, id: "1" }];
  for (const other of others) assert.throws(() => readers.credential(other), TypeError);
});

Deno.test("nothing that can be said makes a reader fail otherwise", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const values = [value, report(value), report({ ...RECORD, ...Object(value) })];
      for (const read of Object.values(readers)) {
        for (const value of values) onlyTypeErrors(() => read(value));
      }
    }),
    runs(500),
  );
});

function onlyTypeErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
  }
}
