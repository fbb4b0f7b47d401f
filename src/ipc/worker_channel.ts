import { Channel, type Offer, type Readers } from "./channel.ts";

/** A worker to start, and how to talk with it. */
export interface WorkerChannelOptions<Ours extends Offer<Ours>> {
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
  /** It ended without being told to, or was ended for a message that it must not send. */
  readonly onDeath: (reason: string) => void;
}

/** Starts a worker. It lives as long as the channel to it: to close that ends it, and it closes when it dies. */
export function workerChannel<Theirs extends Offer<Theirs>, Ours extends Offer<Ours>>(
  { module, name, permissions, functions, readers, onDeath }: WorkerChannelOptions<Ours>,
): Channel<Theirs, Ours> {
  const worker = new Worker(module, { type: "module", name, deno: { permissions } });
  let ended = false;
  const die = (reason: string) => {
    if (ended) return;
    channel.close(reason);
    onDeath(reason);
  };
  const channel = new Channel<Theirs, Ours>(worker, functions, {
    ...(readers && { readers }),
    onViolation: die,
    onClose() {
      ended = true;
      worker.terminate();
    },
  });
  worker.onerror = (event) => {
    event.preventDefault();
    die(event.message);
  };
  return channel;
}

/**
 * A worker's end of the channel to the supervisor, to be opened while its module is evaluated. What
 * cannot be answered for ends the worker, with the error that caused it: the supervisor hears of that.
 */
export function supervisorChannel<Theirs extends Offer<Theirs>, Ours extends Offer<Ours>>(
  functions: Ours,
): Channel<Theirs, Ours> {
  const supervisor = self as unknown as ConstructorParameters<typeof Channel>[0];
  return new Channel<Theirs, Ours>(supervisor, functions, {
    onViolation(reason, cause) {
      throw cause ?? new Error(reason);
    },
  });
}
