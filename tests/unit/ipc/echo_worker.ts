import type { Channel } from "../../../src/ipc/channel.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";

/** What the worker of these tests offers. */
export interface Echo {
  /** Sends back what it got, by way of {@linkcode Listener.heard} too. */
  echo(text: string): Promise<string>;
  /** Never answers. */
  hang(): Promise<void>;
  /** Dies of an error that nobody handles. */
  die(reason: string): void;
  /** Does nothing for so many milliseconds, not even hear. */
  freeze(milliseconds: number): void;
  /** Runs in JavaScript for ever. */
  loop(): void;
  /** Leaves without a word. */
  leave(): void;
  /** Posts what is no message of a channel. */
  misbehave(): void;
}

/** What these tests offer the worker. */
export interface Listener {
  heard(text: string): number;
}

const supervisor: Channel<Listener, Echo> = supervisorChannel({
  echo: async (text) => `${text} ${await supervisor.call("heard", text)}`,
  hang: () => new Promise(() => {}),
  die: (reason) =>
    queueMicrotask(() => {
      throw new Error(reason);
    }),
  freeze(milliseconds) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  },
  loop() {
    for (;;);
  },
  leave: () => self.close(),
  misbehave: () => (self as unknown as MessagePort).postMessage(null),
});
