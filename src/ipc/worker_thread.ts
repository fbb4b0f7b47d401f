import { delay, systemClock } from "../time/clock.ts";
import { Channel, ChannelClosed, type Offer, type Readers } from "./channel.ts";
import type { Pinged } from "./supervisor_channel.ts";
import { threadEnds } from "./thread_lock.ts";

/** Pings that a worker may owe an answer to before it counts as silent. */
const MISSED_PINGS = 10;

/** Characters that are kept of the error that a worker died of. */
const LONGEST_REASON = 2_048;

/** A worker to start, and how to talk with it. */
export interface WorkerThreadOptions<Ours extends Offer<Ours>> {
  /** What it runs; that module opens its own end, see {@linkcode supervisorChannel}. */
  readonly module: URL;
  /** Shown by debuggers, and where the runtime reports an error in it. */
  readonly name: string;
  /** What it may do. */
  readonly permissions: Deno.PermissionOptions;
  /** What it may call. */
  readonly functions: Ours;
  /** Checks what it says. */
  readonly readers?: Readers<Ours>;
  /** It ended without being told to, was silent, or was ended for what it did. */
  readonly onDeath: (reason: string) => void;
}

/** Names must differ in the whole process, because locks go by them. */
let started = 0;

/**
 * A worker that was started. It lives as long as the channel to it: to close that ends it, and it
 * closes when it dies.
 */
export class WorkerThread<Theirs extends Offer<Theirs>, Ours extends Offer<Ours>> {
  /** The channel to it. */
  readonly channel: Channel<Theirs, Ours>;
  readonly #name: string;
  readonly #onDeath: (reason: string) => void;
  readonly #ended = new AbortController();
  #pingedAt: number | undefined;

  /** Starts it. */
  constructor({ name, onDeath, ...options }: WorkerThreadOptions<Ours>) {
    const { module, permissions, functions, readers } = options;
    this.#name = `${name} ${++started}`;
    this.#onDeath = onDeath;
    const worker = new Worker(module, { type: "module", name: this.#name, deno: { permissions } });
    this.channel = new Channel<Theirs, Ours>(worker, functions, {
      ...(readers && { readers }),
      onViolation: (reason) => this.end(reason),
      onClose: () => {
        this.#ended.abort();
        worker.terminate();
      },
    });
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(event.message.slice(0, LONGEST_REASON));
    };
  }

  /** Milliseconds since it was pinged, unless it has answered. */
  get silentMs(): number {
    return this.#pingedAt === undefined ? 0 : performance.now() - this.#pingedAt;
  }

  /** Ends it as one that died. */
  end(reason: string): void {
    if (this.#ended.signal.aborted) return;
    this.channel.close(reason);
    this.#onDeath(reason);
  }

  /** Pings it from now on, and ends it when it is silent for so long while this program runs. */
  async watch(silenceMs: number): Promise<void> {
    const channel = this.channel as unknown as Channel<Pinged, Ours>;
    try {
      while (!this.#ended.signal.aborted) {
        this.#pingedAt = performance.now();
        await channel.call("ping", undefined, { timeoutMs: silenceMs });
        this.#pingedAt = undefined;
        await delay(systemClock, silenceMs / MISSED_PINGS, this.#ended.signal);
      }
    } catch (error) {
      if (!(error instanceof ChannelClosed)) this.end(`worker silent for ${silenceMs / 1000} s`);
    }
  }

  /** Whether its thread ends within so many milliseconds, once it was ended. */
  threadEnds(withinMs: number): Promise<boolean> {
    return threadEnds(this.#name, withinMs);
  }
}
