import assert from "node:assert/strict";
import { cpuMicroseconds, cpuTimes, parseSchedstat } from "../machine/cpu_time.ts";
import { kibibytes, memoryBytes, peakBytes } from "../machine/memory.ts";
import { onCores, shareCores } from "../machine/cores.ts";
import { descendants, parseStat, processTree } from "../machine/process_tree.ts";

Deno.test("a line of /proc/PID/stat is read whatever the program is called", () => {
  const rest = "S 1 29247 29247 6223 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 202346";
  for (const name of ["nginx", "nginx: worker (1)", ") S 9 (", "two\nlines"]) {
    assert.deepEqual(parseStat(`29406 (${name}) ${rest}`), { pid: 29406, parent: 1 }, name);
  }
  assert.throws(() => parseStat(""), /Expected a line of \/proc\/PID\/stat, got ""/);
});

Deno.test("a process tree has children and theirs, and nobody else", () => {
  const processes = [[1, 0], [5, 1], [6, 5], [7, 6], [8, 1]].map(([pid = 0, parent = 0]) => ({
    pid,
    parent,
  }));
  assert.deepEqual(descendants(5, processes), [5, 6, 7]);
  assert.deepEqual(descendants(8, processes), [8]);
});

Deno.test("CPU between two looks has new threads whole, and ended ones not at all", () => {
  const before = new Map([["lives", 1_000_000], ["ends", 5_000_000]]);
  const after = new Map([["lives", 3_500_000], ["begins", 250_000]]);
  assert.equal(cpuMicroseconds(before, after), 2750);
  assert.equal(parseSchedstat("48122 265765 1\n"), 48122);
  assert.equal(parseSchedstat(""), 0, "the thread has ended");
});

Deno.test("memory lines of /proc are read by their names", () => {
  const text =
    "Name:\tdeno\nVmPeak:\t  900 kB\nVmHWM:\t   84 kB\nPss_Dirty:  12 kB\nPss:   33 kB\n";
  assert.equal(kibibytes(text, "VmHWM"), 84);
  assert.equal(kibibytes(text, "Pss"), 33);
  assert.equal(kibibytes("", "Pss"), 0);
});

Deno.test("the contender has the last core to itself, where there are two and taskset", () => {
  const none = { contender: undefined, load: undefined, all: undefined };
  assert.deepEqual(shareCores(2, true), { contender: "1", load: "0", all: "0-1" });
  assert.deepEqual(shareCores(8, true), { contender: "7", load: "0-6", all: "0-7" });
  assert.deepEqual(shareCores(1, true), none);
  assert.deepEqual(shareCores(8, false), none);
  assert.deepEqual(onCores("1", ["nginx", "-v"]), ["taskset", "-c", "1", "nginx", "-v"]);
  assert.deepEqual(onCores(undefined, ["nginx"]), ["nginx"]);
});

Deno.test("a process that works uses CPU and memory, those of its children among them", async () => {
  const before = cpuTimes(Deno.pid);
  const child = new Deno.Command("sh", {
    args: ["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; read line"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await child.stdout.getReader().read();
  assert.ok(processTree(Deno.pid).includes(child.pid));
  assert.ok(cpuMicroseconds(new Map(), cpuTimes(child.pid)) > 0);
  assert.ok(cpuMicroseconds(before, cpuTimes(Deno.pid)) > 0);
  assert.ok(memoryBytes(Deno.pid) > memoryBytes(child.pid));
  assert.ok(peakBytes(child.pid) > 0);
  child.kill("SIGKILL");
  await child.status;
  assert.deepEqual([...cpuTimes(child.pid).values()], [], "it has ended");
  assert.equal(memoryBytes(child.pid), 0);
});
