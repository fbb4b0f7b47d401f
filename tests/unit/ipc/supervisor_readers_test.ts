import assert from "node:assert/strict";
import fc from "fast-check";
import { Metrics } from "../../../src/admin/metrics.ts";
import { supervisorReaders } from "../../../src/ipc/supervisor_readers.ts";
import { errorCodes } from "../../../src/ipc/request_record.ts";
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
  return { worker: 3, inFlight: 2, webSockets: 1, lost: 1, records };
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
    lost: 0,
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

Deno.test("headers that a worker of ours would send in several reports are refused", () => {
  const request = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`x-${index}`, "v".repeat(2_000)]),
  );
  const long = { ...RECORD, headers: { request, response: {} } };
  assert.equal(readers.requests(report(long)).records.length, 1);
  assert.throws(() => readers.requests(report(long, long)), /expected shorter records/);
});

Deno.test("what people read is cut, and what is too long for that refused", () => {
  const texts = ["id", "method", "path", "upstreamRequestId", "userAgent", "detail"] as const;
  for (const name of texts) {
    const { records } = readers.requests(report({ ...RECORD, [name]: "x".repeat(1_000_000) }));
    assert.equal(records[0]?.[name], "x".repeat(2_048));
    const longer = report({ ...RECORD, [name]: "x".repeat(2 ** 20 + 1) });
    assert.throws(() => readers.requests(longer), /expected a shorter text/);
  }
  const long = "h".repeat(3_000);
  const headers = { request: { [long]: long }, response: {} };
  const [read] = readers.requests(report({ ...RECORD, headers })).records;
  assert.deepEqual(read?.headers?.request, { [long.slice(0, 2_048)]: long.slice(0, 2_048) });
  for (const say of [readers.listenerLost, readers.certificateRefused, readers.failed]) {
    assert.equal(say("x".repeat(1_000_000)).length, 2_048);
  }
});

Deno.test("labels of metrics are closed sets, whatever is said", () => {
  const metrics = new Metrics({ droppedLines: () => ({ stdout: 0, files: 0 }), scrub: String });
  metrics.startWorkers(3);
  const words = ["", "made-up", "__proto__", "toString", 'x="y"', "a\nb"];
  for (const word of words) {
    for (const field of ["method", "code", "id", "path", "upstreamRequestId", "userAgent"]) {
      metrics.report(readers.requests(report({ ...RECORD, [field]: word })));
    }
    for (const field of ["dialect", "aborted", "client"]) {
      assert.throws(() => readers.requests(report({ ...RECORD, [field]: word })), TypeError);
    }
  }
  for (let status = 100; status < 1_000; status++) {
    metrics.report(readers.requests(report({ ...RECORD, worker: status, status })));
  }
  const labels = new Set(
    metrics.expose().matchAll(/(\w+)="([^"]*)"/g).map(([, name, value]) => `${name}=${value}`)
      .filter((label) => !/^(?:le|version|deno_version)=/.test(label)),
  );
  const expected = [
    ...[...errorCodes, "other"].map((code) => `code=${code}`),
    "dialect=anthropic",
    "method=POST",
    "method=other",
    "result=failed",
    "result=succeeded",
    "sink=files",
    "sink=stdout",
    "source=proxy",
    "source=upstream",
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `status_class=${digit}xx`),
    "worker=1",
    "worker=2",
    "worker=3",
  ];
  assert.deepEqual([...labels].sort(), expected.sort());
});

/** A report that the test does not get to the records of. */
const BARE = { inFlight: 1, webSockets: 0, lost: 0, records: [] };
/** One entry, and a length that would take minutes to go through. */
const SPARSE = Object.assign([], { 4_000_000_000: null });

Deno.test("of many headers the first 512 are kept: whoever sends them must not end a worker", () => {
  const many = (length: number) =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`a${index}`, ""]));
  const told = { ...RECORD, headers: { request: many(32_768), response: many(513) } };
  const [read] = readers.requests(report(told)).records;
  assert.deepEqual(read?.headers, { request: many(512), response: many(512) });
});

const refused: [what: string, report: unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["no records", { ...BARE, records: undefined }],
  ["records that are no list", { ...BARE, records: { length: 1 } }],
  ["records without end", { ...BARE, records: SPARSE }],
  ["too many records", report(...Array(2_001).fill(RECORD))],
  ["a count that is negative", { ...BARE, inFlight: -1 }],
  ["a count that is endless", { ...BARE, inFlight: Infinity }],
  ["a loss that is none", { ...BARE, lost: "many" }],
  ["a time span without end", report({ ...RECORD, totalMs: Infinity })],
  ["a time span that is negative", report({ ...RECORD, firstByteMs: -1 })],
  ["a status between two", report({ ...RECORD, status: 200.5 })],
  ["a record that is null", report(null)],
  ["a count that is none", { ...BARE, inFlight: "1" }],
  ["no count of WebSockets", { ...BARE, webSockets: undefined }],
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
  const others = [
    ...[null, "credential_wanted", { type: "credential" }],
    ...[{ ...refusal, id: "1" }, { ...refusal, status: 200 }],
  ];
  for (const other of others) assert.throws(() => readers.credential(other), TypeError);
});

Deno.test("events are counted: a flood of them is refused, and lines of the log sooner", () => {
  const wanted = () => supervisorReaders(1);
  const sendable = (say: () => unknown) => {
    for (let sent = 0; sent < 1_000_000; sent++) {
      try {
        say();
      } catch (error) {
        assert.match(String(error), /TypeError: expected fewer messages/);
        return sent;
      }
    }
    return Infinity;
  };
  const [one, other] = [wanted(), wanted()];
  const credentials = sendable(() => one.credential({ type: "credential_wanted" }));
  assert.ok(credentials >= 10_000 && credentials < 20_000, `${credentials} messages`);
  const lines = sendable(() => other.listenerLost("lost"));
  assert.ok(lines >= 100 && lines < 200, `${lines} lines`);
});

Deno.test("nothing that can be said makes a reader fail otherwise", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const values = [value, report(value), report({ ...RECORD, ...Object(value) })];
      for (const read of Object.values(supervisorReaders(3))) {
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
