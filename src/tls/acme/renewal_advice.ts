import type { Certificate } from "../certificate.ts";
import type { UpkeepLog } from "../certificate_source.ts";
import type { Random } from "./renewal.ts";
import { certificateId, fetchRenewalInfo, momentIn, type RenewalWindow } from "./renewal_info.ts";

/** Milliseconds before the first question about a certificate, and after one without an answer. */
const ASK_INTERVAL = 3_600_000;

/** Whom to ask. */
export interface Authority {
  readonly directoryUrl: string;
  /** PEM certificates to trust beside the usual ones. */
  readonly directoryCaCerts: readonly string[];
}

/** What the authority says about when to renew, asked for no more often than it wants (RFC 9773). */
export class RenewalAdvice {
  readonly #authority: Authority;
  readonly #random: Random;
  readonly #log: UpkeepLog;
  #askAt = 0;
  #window: RenewalWindow | undefined;
  #moment: number | undefined;

  constructor(authority: Authority, random: Random, log: UpkeepLog) {
    this.#authority = authority;
    this.#random = random;
    this.#log = log;
  }

  /** Forgets what was said: another certificate is served, of which there is nothing to ask yet. */
  forget(now: number): void {
    this.#window = undefined;
    this.#moment = undefined;
    this.#askAt = now + ASK_INTERVAL;
  }

  /** Has the next question asked at once. */
  askNow(): void {
    this.#askAt = 0;
  }

  /**
   * When to renew, in milliseconds since 1970: a moment inside the suggested window, which stays the
   * same until the authority moves the window.
   *
   * @returns `undefined` while the authority has suggested none
   */
  async renewAt(certificate: Certificate, now: number): Promise<number | undefined> {
    if (now >= this.#askAt) await this.#ask(certificate, now);
    return this.#moment;
  }

  async #ask({ cert }: Certificate, now: number): Promise<void> {
    const { directoryUrl, directoryCaCerts } = this.#authority;
    this.#askAt = now + ASK_INTERVAL;
    try {
      const id = await certificateId(cert);
      if (id === undefined) return;
      const { window, askAgainMs } = await fetchRenewalInfo(directoryUrl, id, directoryCaCerts);
      this.#askAt = now + askAgainMs;
      this.#take(window);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn("the authority could not be asked when to renew", { reason });
    }
  }

  #take(window: RenewalWindow | undefined): void {
    const same = window?.start === this.#window?.start && window?.end === this.#window?.end;
    this.#window = window;
    if (same) return;
    this.#moment = window && momentIn(window, this.#random);
    if (window?.explanationUrl === undefined) return;
    this.#log.info("the authority suggests a time to renew", {
      start: new Date(window.start).toISOString(),
      end: new Date(window.end).toISOString(),
      explanation: window.explanationUrl,
    });
  }
}
