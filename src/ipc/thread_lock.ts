/**
 * Tells whether a thread has ended, which `Worker.terminate()` does not: it has no effect on a thread
 * that never comes back to its event loop, be it in JavaScript or, under a flood of HTTP/2 frames,
 * in the runtime. So each worker holds a lock (https://www.w3.org/TR/web-locks/) for as long as it
 * lives. The runtime lets go of it when the thread is gone, and whoever asks for it gets it then.
 *
 * A worker that runs somebody else's code can let go of its lock, or take another's: then it is
 * believed to have ended while it runs on, or the other way round. Guarded by
 * `tests/unit/ipc/thread_lock_test.ts`.
 *
 * @module
 */
import { afterRunning } from "../time/after_running.ts";

/** What of the Web Locks API is used. Deno 2.9.6 has it, but its types do not. */
interface LockManager {
  request(name: string, held: () => Promise<void>): Promise<void>;
  request(name: string, options: { signal: AbortSignal }, held: () => void): Promise<void>;
}

const { locks } = navigator as unknown as { locks: LockManager };

/** Holds the lock of this thread, of that name, to its end. */
export function holdThreadLock(name: string): void {
  void locks.request(name, () => new Promise(() => {}));
}

/**
 * Waits until nobody holds a thread's lock. One that never held it, because its module was not
 * evaluated yet, counts as ended.
 *
 * @param withinMs milliseconds to wait while this program runs
 * @returns whether the thread has ended
 */
export async function threadEnds(name: string, withinMs: number): Promise<boolean> {
  const late = new AbortController();
  const cancel = afterRunning(withinMs, () => late.abort());
  try {
    await locks.request(name, { signal: late.signal }, () => {});
    return true;
  } catch (error) {
    if (error !== late.signal.reason) throw error;
    return false;
  } finally {
    cancel();
  }
}
