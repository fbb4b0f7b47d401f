const MINUTE = 60_000;
/** Shortest and longest wait after a failed order, in milliseconds. */
const FIRST_BACKOFF = MINUTE;
const LONGEST_BACKOFF = 6 * 60 * MINUTE;
/** Part of the lifetime after which a certificate is renewed. */
const RENEW_AFTER = 2 / 3;
/** Largest part of the lifetime by which chance brings the renewal forward. */
const RENEWAL_JITTER = 1 / 30;
/** Part of a wait that chance may take off it. */
const BACKOFF_JITTER = 1 / 4;

/** A number from 0 up to 1, as `Math.random`. */
export type Random = () => number;

/**
 * When to renew a certificate, in milliseconds since 1970: at two thirds of its lifetime, whatever
 * that is, less some jitter, so that certificates issued together are not renewed together.
 */
export function renewalTime(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  random: Random,
): number {
  const lifetime = notAfter - notBefore;
  return notBefore + lifetime * (RENEW_AFTER - RENEWAL_JITTER * random());
}

/**
 * Milliseconds to wait after so many failed orders in a row: from 1 minute, doubled each time, to 6
 * hours, less some jitter; longer where the authority asks for it.
 */
export function backoff(
  failures: number,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const doubled = Math.min(FIRST_BACKOFF * 2 ** (failures - 1), LONGEST_BACKOFF);
  const wait = Math.max(FIRST_BACKOFF, doubled * (1 - BACKOFF_JITTER * random()));
  return Math.max(wait, retryAfterMs ?? 0);
}
