import assert from "node:assert/strict";
import { join } from "node:path";
import { FileSink, type FileSinkOptions } from "../../../src/logging/file_sink.ts";
import { TroubleReport } from "../../../src/logging/line_queue.ts";
import { Condition } from "../../kit/time/condition.ts";

const TEN_TO_ONE = Date.parse("2026-01-31T00:50:00Z");
const HOUR = 3_600_000;

/** A sink of a test's own directory, with what it says on standard error. */
class Bench {
  readonly directory = Deno.makeTempDirSync();
  readonly said: string[] = [];
  readonly changed = new Condition();
  elapsed = 0;
  lost = 0;
  readonly trouble = new TroubleReport({
    subject: "log files",
    print: (line) => {
      this.said.push(line);
      this.changed.notify();
    },
    elapsed: () => this.elapsed,
    onRecovery: (lines) => (this.lost += lines),
  });

  sink(options: Partial<FileSinkOptions> = {}): FileSink {
    return new FileSink({
      directory: this.directory,
      prefix: "p",
      rotation: "hourly",
      maxFiles: undefined,
      maxAgeDays: undefined,
      trouble: this.trouble,
      retryMs: 5,
      ...options,
    });
  }

  files(): Record<string, string> {
    const names = [...Deno.readDirSync(this.directory)].map(({ name }) => name).sort();
    const read = (name: string) => Deno.readTextFileSync(join(this.directory, name));
    return Object.fromEntries(names.map((name) => [name, read(name)]));
  }

  untilSaid(pattern: RegExp): Promise<string> {
    return this.changed.until(
      () => this.said.find((line) => pattern.test(line)),
      () => `${pattern}, said so far: ${this.said.join("\n")}`,
    );
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("a line lands in the file of its own time, also after idle hours and out of order", async () => {
  using bench = new Bench();
  const sink = bench.sink();
  for (const [hours, text] of [[0, "a\n"], [5, "b\n"], [0, "late\n"], [5, "c\n"]] as const) {
    sink.push({ timestamp: TEN_TO_ONE + hours * HOUR, text });
  }
  await sink.close(5000);
  assert.deepEqual(bench.files(), {
    "p.2026-01-31-00.log": "a\nlate\n",
    "p.2026-01-31-05.log": "b\nc\n",
  });
  assert.deepEqual(bench.said, []);
});

Deno.test("old files of this prefix go when a new one begins, and no others", async () => {
  using bench = new Bench();
  const others = ["p.txt", "q.2025-01-01.log", "p.2025-01-01.log.gz"];
  for (const name of ["p.2025-01-01.log", "p.2026-01-30-23.log", ...others]) {
    Deno.writeTextFileSync(join(bench.directory, name), "");
  }
  const sink = bench.sink({ maxFiles: 2 });
  sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
  await sink.close(5000);
  assert.deepEqual(
    Object.keys(bench.files()).sort(),
    ["p.2026-01-30-23.log", "p.2026-01-31-00.log", ...others].sort(),
  );
});

Deno.test("a directory that is removed while we write comes back with the next line", async () => {
  using bench = new Bench();
  const directory = join(bench.directory, "logs");
  const sink = bench.sink({ directory });
  const path = join(directory, "p.2026-01-31-00.log");
  sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
  await untilWritten(sink);
  Deno.removeSync(directory, { recursive: true });
  sink.push({ timestamp: TEN_TO_ONE, text: "b\n" });
  await sink.close(5000);
  assert.equal(Deno.readTextFileSync(path), "b\n");
});

Deno.test("a file that cannot be written is told of once a minute with a count, and gets its lines after it", async () => {
  using bench = new Bench();
  const path = join(bench.directory, "p.2026-01-31-00.log");
  Deno.mkdirSync(path);
  const sink = bench.sink({ maxCharacters: 20 });
  const push = (text: string) => sink.push({ timestamp: TEN_TO_ONE, text });
  push("first\n");
  assert.match(await bench.untilSaid(/cannot be written/), /is no regular file/);
  for (let i = 0; i < 5; i++) push("another\n");
  assert.equal(bench.said.length, 1, "not again within the minute");
  bench.elapsed = 60_001;
  assert.match(await bench.untilSaid(/dropped/), /no regular file.*; 4 lines dropped so far/);

  Deno.removeSync(path);
  assert.match(await bench.untilSaid(/written again/), /4 lines dropped/);
  push("after\n");
  await sink.close(5000);
  assert.equal(Deno.readTextFileSync(path), "first\nanother\nafter\n");
  assert.deepEqual([bench.lost, bench.trouble.droppedLines], [4, 4]);
});

for (
  const [planted, plant, complaint] of [
    ["symbolic link", Deno.symlinkSync, /is a symbolic link, which is not followed: remove it/],
    ["hard link", Deno.linkSync, /has a second name \(a hard link\): remove it/],
  ] as const
) {
  Deno.test(`a ${planted} that somebody planted is not written through`, async () => {
    using bench = new Bench();
    const precious = join(bench.directory, "precious");
    Deno.writeTextFileSync(precious, "precious\n");
    plant(precious, join(bench.directory, "p.2026-01-31-00.log"));
    const sink = bench.sink();
    sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
    assert.match(await bench.untilSaid(/cannot be written/), complaint);
    await sink.close(5000);
    assert.equal(Deno.readTextFileSync(precious), "precious\n");
  });
}

Deno.test("a dangling link is not written through either: it makes no file elsewhere", async () => {
  using bench = new Bench();
  const elsewhere = join(bench.directory, "elsewhere");
  Deno.symlinkSync(elsewhere, join(bench.directory, "p.2026-01-31-00.log"));
  const sink = bench.sink();
  sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
  await bench.untilSaid(/is a symbolic link/);
  await sink.close(5000);
  assert.throws(() => Deno.lstatSync(elsewhere), Deno.errors.NotFound);
});

Deno.test("a file that would grow past max_size goes on in its next part, and only whole lines", async () => {
  using bench = new Bench();
  const line = (text: string) => text.padEnd(9, ".") + "\n";
  const sink = bench.sink({ maxSize: 25 });
  for (const text of ["a", "b", "c", "d", "e"]) {
    sink.push({ timestamp: TEN_TO_ONE, text: line(text) });
    await untilWritten(sink);
  }
  await sink.close(5000);
  const again = bench.sink({ maxSize: 25 });
  again.push({ timestamp: TEN_TO_ONE, text: line("f") });
  await again.close(5000);
  assert.deepEqual(bench.files(), {
    "p.2026-01-31-00.log": line("a") + line("b"),
    "p.2026-01-31-00.1.log": line("c") + line("d"),
    "p.2026-01-31-00.2.log": line("e") + line("f"),
  });
});

Deno.test("with max_files, parts of the present period go too, but for the one in use", async () => {
  using bench = new Bench();
  const sink = bench.sink({ maxSize: 1, maxFiles: 2 });
  for (const text of ["a\n", "b\n", "c\n", "d\n"]) {
    sink.push({ timestamp: TEN_TO_ONE, text });
    await untilWritten(sink);
  }
  await sink.close(5000);
  assert.deepEqual(bench.files(), {
    "p.2026-01-31-00.2.log": "c\n",
    "p.2026-01-31-00.3.log": "d\n",
  });
});

Deno.test("a path that cannot be a directory costs lines and nothing else", async () => {
  using bench = new Bench();
  const blocked = join(bench.directory, "blocked");
  Deno.writeTextFileSync(blocked, "");
  const sink = bench.sink({ directory: blocked });
  sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
  await bench.untilSaid(/cannot be written/);
  await sink.close(5000);
  assert.equal(bench.trouble.droppedLines, 1);
});

Deno.test("two writers of one file lose and tear no line", async () => {
  using bench = new Bench();
  const sinks = [bench.sink(), bench.sink()];
  const lines = Array.from({ length: 4000 }, (_, i) => `${"x".repeat(i % 300)} ${i}\n`);
  for (const [index, text] of lines.entries()) {
    sinks[index % 2]!.push({ timestamp: TEN_TO_ONE, text });
    if (index % 50 === 0) await new Promise<void>((next) => setTimeout(next));
  }
  await Promise.all(sinks.map((sink) => sink.close(5000)));
  const written = bench.files()["p.2026-01-31-00.log"]!;
  assert.deepEqual(written.match(/.*\n/g)?.sort(), lines.toSorted());
});

Deno.test("what is queued can be written in the last moment of a process", async () => {
  using bench = new Bench();
  const sink = bench.sink();
  const path = join(bench.directory, "p.2026-01-31-00.log");
  sink.push({ timestamp: TEN_TO_ONE, text: "a\n" });
  await untilWritten(sink);
  sink.push({ timestamp: TEN_TO_ONE, text: "b\n" });
  sink.writeSync();
  assert.equal(Deno.readTextFileSync(path), "a\nb\n");
  await sink.close(5000);
});

async function untilWritten(sink: FileSink): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (sink.length > 0) {
    assert.ok(performance.now() < deadline, `${sink.length} lines are not written`);
    await new Promise((next) => setTimeout(next, 5));
  }
}
