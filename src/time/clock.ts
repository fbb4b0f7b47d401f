/** Time as the token cache sees it, handed in so that tests can hold it. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may jump, and stands for what is real. */
  now(): number;
  /** Milliseconds on a clock that never jumps. It may stand still while the machine sleeps. */
  elapsed(): number;
  /** Calls back after some milliseconds of that second clock; returns what cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
