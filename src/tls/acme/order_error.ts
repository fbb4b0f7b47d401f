import type { OrderFailure } from "./order_messages.ts";

/** Thrown when an order fails; `failure` is for the operator. */
export class OrderError extends Error {
  override readonly name = "OrderError";
  readonly failure: OrderFailure;

  constructor(failure: OrderFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}
