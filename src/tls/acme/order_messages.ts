/**
 * What supervisor and order worker tell each other about one order.
 *
 * @module
 */

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

/** From the supervisor to the order worker. */
export type ToOrderWorker =
  | {
    readonly type: "order";
    readonly request: OrderRequest;
    /** The forward proxy on the way to the authority, without its password. */
    readonly proxyUrl: string | undefined;
  }
  | { readonly type: "published" };

/** From the order worker to the supervisor. */
export type FromOrderWorker =
  | { readonly type: "account"; readonly url: string }
  | { readonly type: "publish"; readonly challenge: Challenge }
  | { readonly type: "issued"; readonly cert: string; readonly key: string }
  | { readonly type: "failed"; readonly failure: OrderFailure };
