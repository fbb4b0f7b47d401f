/**
 * What supervisor and order worker tell each other about one order.
 *
 * @module
 */
import type { CertificatePair } from "../../ipc/messages.ts";

/** A certificate to order, and from whom. */
export interface OrderRequest {
  readonly directoryUrl: string;
  /** PEM certificates to trust for the directory, beside the usual ones. */
  readonly directoryCaCerts: readonly string[];
  readonly account: OrderAccount;
  readonly domains: readonly string[];
  readonly keyType: "ecdsa" | "rsa";
  readonly profile?: string | undefined;
  /** The certificate this one replaces, as RFC 9773 §4.1 names it. */
  readonly replaces?: string | undefined;
  /** The port we answer challenges on, for messages. */
  readonly challengePort: number;
}

/** The account that orders. */
export interface OrderAccount {
  /** PKCS#8, PEM. */
  readonly key: string;
  /** Absent until the account is registered. */
  readonly url?: string | undefined;
  readonly email: string;
  readonly eab?: { readonly kid: string; readonly hmacKey: string } | undefined;
}

/** Why an order failed, in words for an operator. */
export interface OrderFailure {
  readonly reason: string;
  /** The authority forbids another try for so many milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** An HTTP-01 response to publish (RFC 8555 §8.3). */
export interface Challenge {
  readonly token: string;
  readonly keyAuthorization: string;
}

/** What the order worker offers the supervisor. */
export interface OrderWorker {
  /**
   * Places an order.
   *
   * `proxyUrl` is the forward proxy on the way to the authority, without its password.
   */
  order(order: {
    readonly request: OrderRequest;
    readonly proxyUrl: string | undefined;
  }): Promise<OrderOutcome>;
}

/** What came of an order. */
export type OrderOutcome =
  | { readonly issued: CertificatePair }
  | { readonly failure: OrderFailure };

/** What the supervisor offers the order worker. */
export interface OrderSupervisor {
  /** Hears the account's URL, which was registered just now. */
  account(url: string): void;
  /** Returns once the challenge is answered. */
  publish(challenge: Challenge): Promise<void>;
}
