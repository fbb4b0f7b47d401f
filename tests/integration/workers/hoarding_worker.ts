/**
 * The real request worker, which a request to `/hold/MEBIBYTES` makes hold so much memory, and one to
 * `/grow` ever more of it, without coming back to its event loop.
 *
 * @module
 */
import "../../../src/worker/main.ts";

const realFetch = globalThis.fetch;
const held: Uint8Array[] = [];

globalThis.fetch = (input, init) => {
  const mebibytes = /\/hold\/(\d+)$/.exec(String(input))?.[1];
  if (mebibytes !== undefined) void holdAll(Number(mebibytes));
  if (String(input).endsWith("/grow")) setTimeout(grow, 10);
  return realFetch(input, init);
};

function hold(mebibytes: number): void {
  held.push(new Uint8Array(mebibytes * 2 ** 20).fill(1));
}

/** Little by little, so that it goes on to answer. */
async function holdAll(mebibytes: number): Promise<void> {
  for (let count = 0; count < mebibytes; count++) {
    hold(1);
    await new Promise((later) => setTimeout(later, 1));
  }
}

/** By a mebibyte every 10 ms. */
function grow(): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    hold(1);
    Atomics.wait(never, 0, 0, 10);
  }
}
