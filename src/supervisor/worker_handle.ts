import { type CallArguments, type Channel, ChannelClosed } from "../ipc/channel.ts";
import type { RequestWorker, Supervisor } from "../ipc/messages.ts";
import { supervisorReaders } from "../ipc/supervisor_readers.ts";
import { workerChannel } from "../ipc/worker_channel.ts";

/** What one worker runs, with what permissions, and whom it tells. */
export interface WorkerHandleOptions {
  readonly module: URL;
  /** Counts from 1. */
  readonly number: number;
  readonly permissions: Deno.PermissionOptions;
  readonly supervisor: Omit<Supervisor, "failed">;
  /** It died, or was ended because it could not do what it was told. */
  readonly onDeath: (reason: string) => void;
}

/** One request worker. It lives until it dies or is terminated. */
export class WorkerHandle {
  readonly #channel: Channel<RequestWorker, Supervisor>;
  readonly #onDeath: (reason: string) => void;

  constructor({ module, number, permissions, supervisor, onDeath }: WorkerHandleOptions) {
    this.#onDeath = onDeath;
    this.#channel = workerChannel({
      module,
      name: "request-worker",
      permissions,
      functions: { ...supervisor, failed: (reason) => this.#die(reason) },
      readers: supervisorReaders(number),
      onDeath,
    });
  }

  /**
   * Has the worker do something. One that fails is ended, for nobody knows what state it is in.
   *
   * @throws {Error} when it fails or dies
   */
  async call<Verb extends keyof RequestWorker>(
    verb: Verb,
    ...rest: CallArguments<RequestWorker, Verb>
  ): Promise<void> {
    try {
      await this.#channel.call(verb, ...rest);
    } catch (error) {
      if (!(error instanceof ChannelClosed)) this.#die(String(error));
      throw error;
    }
  }

  /** Tells the worker something of credentials. */
  tell(credential: Parameters<RequestWorker["credential"]>[0]): void {
    this.#channel.tell("credential", credential);
  }

  /** Ends it at once, and running requests with it. */
  terminate(): void {
    this.#channel.close("terminated");
  }

  #die(reason: string): void {
    this.#channel.close(reason);
    this.#onDeath(reason);
  }
}
