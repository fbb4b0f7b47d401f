import type { ProvidedCredential } from "./provider.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** When a credential ends, and is to be renewed. */
export type Times = Pick<ProvidedCredential, "expiresAt" | "refreshAt">;

/** A token is renewed at this part of its lifetime where its issuer names no time. */
const RENEW_AT = 0.8;
/** Latest renewal: this long before the end, in milliseconds. */
const RENEW_BEFORE_END = 5 * MINUTE;
/** Tokens are not renewed sooner than this after they came, in milliseconds. */
const SHORTEST_USE = 30 * SECOND;

/** First and longest time between failed attempts, in milliseconds. */
const FIRST_RETRY = 1 * SECOND;
const LONGEST_RETRY = 5 * MINUTE;
/** The longest where only this machine was asked: somebody may be running `az login` right now. */
const LONGEST_LOCAL_RETRY = 15 * SECOND;
/** An authority that asks for more patience than this, in milliseconds, is asked again anyway. */
const LONGEST_PATIENCE = 60 * MINUTE;

/**
 * When to renew a token: at its issuer's word, else at 80 % of its lifetime, and never later than
 * five minutes before its end. A token that lives five minutes or less cannot keep the last rule.
 *
 * @param receivedAt wall-clock time at which it came, in milliseconds since the epoch
 * @returns wall-clock time in milliseconds since the epoch
 */
export function renewalTime(token: Times, receivedAt: number): number {
  const lifetime = token.expiresAt - receivedAt;
  const wanted = token.refreshAt ?? receivedAt + RENEW_AT * lifetime;
  if (lifetime <= RENEW_BEFORE_END) return Math.min(wanted, receivedAt + RENEW_AT * lifetime);
  return Math.max(Math.min(wanted, lastRenewal(token)), receivedAt + SHORTEST_USE);
}

/** The latest time to renew a token, as wall-clock time in milliseconds since the epoch. */
export function lastRenewal({ expiresAt }: Times): number {
  return expiresAt - RENEW_BEFORE_END;
}

/** What a retry is timed by. */
export interface RetryOptions {
  /** Failures in a row, this one included. */
  readonly failures: number;
  /** Whether nobody but this machine was asked. */
  readonly local: boolean;
  /** How long the authority asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** A number from 0 up to 1, as `Math.random` gives. */
  readonly random: () => number;
}

/**
 * How long to wait after a failed attempt: a random time between half and the whole of a ceiling
 * that doubles from 2 s to 5 min, and no less than the authority asked for.
 *
 * @returns milliseconds, from 1 s up
 */
export function retryDelay({ failures, local, retryAfterMs, random }: RetryOptions): number {
  const longest = local ? LONGEST_LOCAL_RETRY : LONGEST_RETRY;
  const ceiling = Math.min(FIRST_RETRY * 2 ** failures, longest);
  const delay = ceiling / 2 + random() * (ceiling / 2);
  return Math.max(delay, Math.min(retryAfterMs ?? 0, LONGEST_PATIENCE));
}
