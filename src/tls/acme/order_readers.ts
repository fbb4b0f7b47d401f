import type { Readers } from "../../ipc/channel.ts";
import { MessageBudget } from "../../ipc/message_budget.ts";
import type { CertificatePair } from "../../ipc/messages.ts";
import { fields, line, milliseconds, optional, text } from "../../ipc/readers.ts";
import { OrderError } from "./order_error.ts";
import type { Challenge, OrderSupervisor } from "./order_messages.ts";
import { LONGEST_WAIT } from "./problem.ts";

/** Of one order: an account or two, and a challenge for each of at most a hundred names. */
const ALLOWANCE = { perSecond: 1, saved: 200 };
/** Characters of a URL, a token or a key authorization at most (RFC 8555 §8.1 sets none). */
const LONGEST_WORD = 4_096;

/** Checks what the order worker tells during one order: it runs the code of sixty packages. */
export function orderReaders(): Readers<OrderSupervisor> {
  const budget = new MessageBudget(ALLOWANCE);
  return {
    account(value) {
      budget.spend(1);
      return word(value);
    },
    publish(value): Challenge {
      budget.spend(1);
      const { token, keyAuthorization } = fields(value);
      return { token: word(token), keyAuthorization: word(keyAuthorization) };
    },
  };
}

/**
 * The certificate that an order came to.
 *
 * @throws {OrderError} holding why it came to none
 * @throws {TypeError} for what is no outcome of an order
 */
export function readOutcome(outcome: unknown): CertificatePair {
  const { issued, failure } = fields(outcome);
  if (failure !== undefined) {
    const { reason, retryAfterMs } = fields(failure);
    throw new OrderError({ reason: line(reason), retryAfterMs: optional(wait)(retryAfterMs) });
  }
  const { cert, key } = fields(issued);
  return { cert: text(cert), key: text(key) };
}

function word(value: unknown): string {
  if (text(value).length > LONGEST_WORD) throw new TypeError("expected a shorter text");
  return text(value);
}

/** Dates behind it cannot be written. */
function wait(value: unknown): number {
  return Math.min(milliseconds(value), LONGEST_WAIT);
}
