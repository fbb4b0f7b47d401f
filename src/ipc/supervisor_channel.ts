import { Channel, type Offer } from "./channel.ts";
import { holdThreadLock } from "./thread_lock.ts";

/** What every worker offers the supervisor. */
export interface Pinged {
  /** Does nothing: an answer is a sign of life. */
  ping(): void;
}

/**
 * A worker's end of the channel to the supervisor, to be opened while its module is evaluated. What
 * cannot be answered for ends the worker, with the error that caused it: the supervisor hears of that.
 */
export function supervisorChannel<Theirs extends Offer<Theirs>, Ours extends Offer<Ours>>(
  functions: Ours,
): Channel<Theirs, Ours> {
  holdThreadLock(self.name);
  const supervisor = self as unknown as ConstructorParameters<typeof Channel>[0];
  return new Channel<Theirs, Ours>(supervisor, { ping() {}, ...functions }, {
    onViolation(reason, cause) {
      throw cause ?? new Error(reason);
    },
  });
}
