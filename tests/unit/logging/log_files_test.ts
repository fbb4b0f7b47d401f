import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  expiredLogFiles,
  logFileName,
  partName,
  periodOf,
} from "../../../src/logging/log_files.ts";

const NOW = Date.parse("2026-03-01T12:30:00Z");

Deno.test("a line belongs in the file of its own day or hour, in UTC", () => {
  const at = (time: string) => Date.parse(time);
  assert.equal(logFileName("p", "daily", at("2026-01-31T23:59:59.999Z")), "p.2026-01-31.log");
  assert.equal(logFileName("p", "daily", at("2026-02-01T00:00:00Z")), "p.2026-02-01.log");
  assert.equal(logFileName("p", "daily", at("2026-02-01T01:00:00+02:00")), "p.2026-01-31.log");
  assert.equal(logFileName("p", "hourly", at("2026-01-31T23:59:59.999Z")), "p.2026-01-31-23.log");
});

Deno.test("the period of a name is the one its lines are from", () => {
  const time = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) });
  fc.assert(fc.property(time, fc.constantFrom("hourly", "daily"), (timestamp, rotation) => {
    const name = logFileName("a.b", rotation, timestamp);
    for (const part of [0, 1, 12]) {
      const period = periodOf("a.b", partName(name, part));
      assert.ok(period && period.start <= timestamp && timestamp < period.end);
      assert.equal(period.part, part);
    }
  }));
});

Deno.test("names that others made have no period", () => {
  const others = [
    "p.log",
    "p.2026-02-30.log",
    "p.2026-02-01-24.log",
    "p.2026-02-01-1.log",
    "p.2026-02-01.log.gz",
    "p.2026-02-01.0.log",
    "p.2026-02-01.01.log",
    "p.2026-02-01.log~",
    "q.2026-02-01.log",
    "pp.2026-02-01.log",
    "p.x.2026-02-01.log",
    "p2026-02-01.log",
    ".2026-02-01.log",
  ];
  for (const name of others) assert.equal(periodOf("p", name), undefined, name);
});

Deno.test("max_files counts the current file, and spares what is not ours", () => {
  const names = [
    "p.2026-03-01.log",
    "p.2026-02-28.log",
    "p.2026-02-27.log",
    "p.2026-02-26-23.log",
    "q.2026-01-01.log",
    "p.x.2026-01-01.log",
    "notes.txt",
  ];
  const expired = (maxFiles: number) =>
    expiredLogFiles(names, "p", { maxFiles, maxAgeDays: undefined }, NOW);
  assert.deepEqual(expired(2), ["p.2026-02-27.log", "p.2026-02-26-23.log"]);
  assert.deepEqual(expired(4), []);
  assert.deepEqual(expired(1).length, 3);
});

Deno.test("max_age_days counts from the end of a file's period", () => {
  const names = ["p.2026-02-27.log", "p.2026-02-26.log", "p.2026-02-28-11.log", "p.2026-03-02.log"];
  const expired = (maxAgeDays: number) =>
    expiredLogFiles(names, "p", { maxFiles: undefined, maxAgeDays }, NOW);
  assert.deepEqual(expired(1), ["p.2026-02-28-11.log", "p.2026-02-27.log", "p.2026-02-26.log"]);
  assert.deepEqual(expired(2), ["p.2026-02-26.log"]);
  assert.deepEqual(expired(3), []);
});

Deno.test("the current file and those of the future are never deleted", () => {
  const names = ["p.2026-03-01.log", "p.2027-01-01.log", "p.2028-01-01.log"];
  assert.deepEqual(expiredLogFiles(names, "p", { maxFiles: 1, maxAgeDays: 1 }, NOW), []);
});

Deno.test("the current file stays where the rotation has changed since the day began", () => {
  const names = ["p.2026-03-01-00.log", "p.2026-03-01.1.log", "p.2026-03-01.log"];
  const expired = (names: readonly string[]) =>
    expiredLogFiles(names, "p", { maxFiles: 1, maxAgeDays: undefined }, NOW);
  assert.deepEqual(expired(names), ["p.2026-03-01.log", "p.2026-03-01-00.log"]);
  assert.deepEqual(expired(names.toReversed()), ["p.2026-03-01.log", "p.2026-03-01-00.log"]);
});
