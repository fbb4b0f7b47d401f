/**
 * Reads a `Retry-After` (RFC 9110 §10.2.3). How long is too long, the caller knows.
 *
 * @param value seconds, or a date in one of the three forms of RFC 9110 §5.6.7; `null` where there is
 * no such header
 * @param now wall-clock time in milliseconds since the epoch
 * @returns milliseconds from now, 0 for a time that has passed; `undefined` where the value is none of
 * these
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = DATE.test(text)
    ? Date.parse(text)
    : ASCTIME.test(text)
    ? Date.parse(`${text} GMT`)
    : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`, or as RFC 850 had it: `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DATE = /^[A-Z][a-z]+, \d\d[- ][A-Z][a-z]{2}[- ](?:\d\d){1,2} \d\d:\d\d:\d\d GMT$/;
/** As C's `asctime` has it, in GMT without saying so: `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
