/**
 * A busy worker goes on after `terminate()`.
 *
 * `Worker.terminate()` has no effect on a thread that does not come back to its event loop: an endless
 * loop, a chain of microtasks and a regular expression go on, with their core and with whatever the
 * worker listens on, until the process ends. So does a thread that serves a connection of HTTP/2
 * frames which keep coming, for as long as they do. Nothing tells the caller. What does tell is a lock
 * that the worker holds (Web Locks API): the runtime lets go of it when the thread has ended.
 *
 * Expected: "idle: ended" and "busy: ended" each time, as in Node, whose `terminate()` returns a
 * promise of the thread's end.
 *
 * Known: https://github.com/denoland/deno/pull/35657 would mend it for JavaScript; its discussion
 * confirms it for Deno 2.9.4.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * idle: ended
 * loop: goes on after 4 s
 * microtasks: goes on after 4 s
 * expression: goes on after 4 s
 * ```
 *
 * What claude-proxy does: Every worker holds such a lock. Where a thread goes on for 10 seconds after
 * its worker was ended, the program ends its other requests and exits with code 70, to be started
 * again: `src/ipc/thread_lock.ts` and `src/supervisor/serve.ts`, guarded by
 * `tests/unit/ipc/thread_lock_test.ts` and `tests/integration/watchdog_test.ts`.
 */

const { locks } = navigator as unknown as {
  locks: {
    request(name: string, held: () => Promise<void>): Promise<void>;
    request(name: string, options: { signal: AbortSignal }, held: () => void): Promise<void>;
  };
};

if (self.name === "") await main();
else work(self.name);

async function main(): Promise<never> {
  for (const name of ["idle", "loop", "microtasks", "expression"]) {
    const worker = new Worker(import.meta.url, { type: "module", name });
    await new Promise((ready) => worker.onmessage = ready);
    await new Promise((later) => setTimeout(later, 100));
    worker.terminate();
    const ended = locks.request(name, { signal: AbortSignal.timeout(4_000) }, () => {});
    await ended.then(
      () => console.log(`${name}: ended`),
      () => console.log(`${name}: goes on after 4 s`),
    );
  }
  Deno.exit();
}

function work(name: string): void {
  void locks.request(name, () => new Promise(() => {}));
  (self as unknown as MessagePort).postMessage("ready");
  setTimeout(() => {
    if (name === "loop") { for (;;); }
    if (name === "expression") /^(a+)+$/.test("a".repeat(40) + "b");
    if (name === "microtasks") {
      const next = () => queueMicrotask(next);
      next();
    }
  });
}
