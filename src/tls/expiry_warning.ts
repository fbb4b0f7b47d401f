const DAY = 86_400_000;
/** Milliseconds before the expiry from which on it is warned of. */
const WARN_BEFORE = 14 * DAY;

/** Decides when to warn that a certificate ends soon: from 14 days before, once a day. */
export class ExpiryWarning {
  #next = 0;

  /**
   * @param notAfter when the certificate ends, as `now` in milliseconds since 1970
   * @returns the warning, when one is due
   */
  due(notAfter: number, now: number): string | undefined {
    if (now < this.#next || now < notAfter - WARN_BEFORE) return undefined;
    this.#next = now + DAY;
    return expiryText(notAfter, now);
  }

  /** Forgets the last warning: another certificate is served. */
  reset(): void {
    this.#next = 0;
  }
}

/** Says how long a certificate lasts: "the certificate expires in 3 days, on 2026-…". */
export function expiryText(notAfter: number, now: number): string {
  const date = new Date(notAfter).toISOString();
  if (now >= notAfter) return `the certificate expired on ${date}`;
  const days = Math.floor((notAfter - now) / DAY);
  const left = days === 0 ? "within a day" : `in ${days} ${days === 1 ? "day" : "days"}`;
  return `the certificate expires ${left}, on ${date}`;
}
