/** Bytes that a message holds besides its own while it waits in the runtime: measured, 1,017. */
const OVERHEAD = 1024;

/** Empty messages a second that are taken for read: `bufferedAmount` tells nothing of them. */
const EMPTY_A_SECOND = 100;

/**
 * Tells how much memory waits for a client that does not read. The runtime keeps a queue without
 * end, and counts the bytes of the messages in it (`bufferedAmount`), which are few beside what
 * small ones hold. Guarded by `tests/integration/websocket_memory_test.ts`.
 */
export class ClientBacklog {
  /** Messages sent since everything was known to be out. */
  #messages = 0;
  /** The last of them that are empty. */
  #empty = 0;
  #lookedAt = 0;

  /** A message was handed to the runtime. */
  sent(data: string | Uint8Array): void {
    this.#messages++;
    this.#empty = data.length === 0 ? this.#empty + 1 : 0;
  }

  /**
   * The bytes that wait.
   *
   * @param bufferedAmount of the client's WebSocket
   * @param now in milliseconds
   */
  cost(bufferedAmount: number, now: number): number {
    // Messages leave in order: with nothing buffered all are out but the empty ones at the end.
    if (bufferedAmount === 0) {
      const read = (now - this.#lookedAt) * EMPTY_A_SECOND / 1000;
      this.#messages = this.#empty = Math.max(0, this.#empty - read);
    }
    this.#lookedAt = now;
    return bufferedAmount + this.#messages * OVERHEAD;
  }
}
