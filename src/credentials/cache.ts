import { type Clock, systemClock } from "../time/clock.ts";
import { untilAborted } from "../time/until_aborted.ts";
import { lastRenewal, renewalTime, retryDelay } from "./schedule.ts";
import { CredentialError, type CredentialProvider, type ProvidedCredential } from "./provider.ts";

/** Milliseconds an attempt to get a token may take. */
const ATTEMPT_TIMEOUT = 30_000;
/** Least time between two refreshes forced by the upstream's refusals, in milliseconds. */
const FORCED_REFRESH_INTERVAL = 60_000;
/** Longest sleep of a timer, in milliseconds: the wall clock is looked at again after each. */
const LONGEST_SLEEP = 60_000;

/**
 * A token counts as expired this long before its end, in milliseconds: requests take time to arrive,
 * and `@azure/identity` reckons from the current time rounded to the nearest second.
 */
const EXPIRY_MARGIN = 1_000;

/** A failed attempt. */
export interface CredentialFailure {
  /** What went wrong. */
  readonly error: CredentialError;
  /** Milliseconds to the next attempt. */
  readonly retryInMs: number;
}

/** When to renew: on the wall clock, and on the one that never jumps. */
interface Renewal {
  readonly at: number;
  readonly elapsed: number;
}

/** What a cache reports, and what it is driven by. */
export interface CredentialCacheOptions {
  /**
   * A credential is at hand: a new object, or the one there was, which is thereby confirmed. Its
   * `expiresAt` is a second before its end.
   */
  readonly onCredential: (provided: ProvidedCredential) => void;
  /** An attempt failed. */
  readonly onFailure: (failure: CredentialFailure) => void;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** A number from 0 up to 1. @default {Math.random} */
  readonly random?: () => number;
  /** Milliseconds an attempt may take. @default {30000} */
  readonly attemptTimeoutMs?: number;
}

/**
 * Keeps one credential at hand. It asks its provider in the background, one attempt at a time, before
 * a token runs out; attempts that fail back off. Nobody waits in here: what becomes of an attempt is
 * reported, and whoever needs a credential has it or hears of it.
 *
 * Whether a token still lives is judged by the wall clock each time it is asked for, so neither a
 * clock that jumps nor a machine that slept makes a dead token look alive.
 */
export class CredentialCache {
  readonly #provider: CredentialProvider;
  readonly #options: CredentialCacheOptions;
  readonly #clock: Clock;
  #provided: ProvidedCredential | undefined;
  #renewal: Renewal = { at: 0, elapsed: 0 };
  #attempt: AbortController | undefined;
  #failures = 0;
  #retryAt: number | undefined;
  #forcedAt = -Infinity;
  #cancelTimer = () => {};
  #stopped = false;

  /** With nothing at hand, until somebody wants it. */
  constructor(provider: CredentialProvider, options: CredentialCacheOptions) {
    this.#provider = provider;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The credential at hand, if it has not expired. */
  get current(): ProvidedCredential | undefined {
    const provided = this.#provided;
    return provided && provided.expiresAt > this.#clock.now() ? provided : undefined;
  }

  /** Milliseconds to the next attempt after a failure; 0 where none failed or one is under way. */
  get retryInMs(): number {
    if (this.#attempt !== undefined || this.#retryAt === undefined) return 0;
    return Math.max(0, this.#retryAt - this.#clock.elapsed());
  }

  /** Starts an attempt where no credential lives, unless one is under way or a failed one backs off. */
  want(): void {
    if (this.current === undefined && this.#retryAt === undefined) this.#startAttempt();
  }

  /**
   * Tells that the upstream refused the credential at hand. It is replaced, at most once a minute.
   *
   * @returns whether a replacement is on its way
   */
  suspect(): boolean {
    if (this.#attempt !== undefined) return true;
    const now = this.#clock.elapsed();
    if (this.#retryAt !== undefined || now - this.#forcedAt < FORCED_REFRESH_INTERVAL) return false;
    this.#forcedAt = now;
    this.#startAttempt();
    return true;
  }

  /** Ends the attempt under way, and all that were to come. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
    this.#attempt?.abort(new CredentialError("unreachable", "Stopped"));
  }

  #startAttempt(): void {
    if (this.#stopped || this.#attempt !== undefined) return;
    this.#cancelTimer();
    this.#retryAt = undefined;
    this.#attempt = new AbortController();
    const request = { signal: this.#attempt.signal, fresh: this.#provided !== undefined };
    const answer = this.#provider.get(request);
    if (!(answer instanceof Promise)) return this.#accept(answer);
    this.#inTime(answer, this.#attempt).then(
      (provided) => this.#accept(provided),
      (error) => this.#fail(error),
    );
  }

  /** Gives up on a provider that ignores its signal, so that one hung call cannot stop all. */
  async #inTime(
    answer: Promise<ProvidedCredential>,
    attempt: AbortController,
  ): Promise<ProvidedCredential> {
    const limit = this.#options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT;
    const cancel = this.#clock.after(limit, () => attempt.abort(timedOut(this.#provider, limit)));
    try {
      return await untilAborted(answer, attempt.signal);
    } finally {
      cancel();
    }
  }

  #accept(given: ProvidedCredential): void {
    this.#attempt = undefined;
    if (this.#stopped) return;
    const now = this.#clock.now();
    const expiresAt = given.expiresAt - EXPIRY_MARGIN;
    if (expiresAt <= now) return this.#fail(alreadyExpired(this.#provider));
    if (this.#provided && isSame(given, this.#provided)) return this.#keep(this.#provided, given);
    this.#failures = 0;
    this.#provided = { ...given, expiresAt };
    this.#renewAt(renewalTime(given, now));
    this.#options.onCredential(this.#provided);
  }

  /**
   * The provider gave what we have: `az` and IMDS keep their token until five minutes before the
   * end, and no asking changes that. Ask again then, or later and later once that time has come.
   */
  #keep(kept: ProvidedCredential, given: ProvidedCredential): void {
    this.#failures++;
    const again = this.#clock.now() + this.#backoff(undefined);
    this.#renewAt(Math.max(lastRenewal(given), Math.min(again, kept.expiresAt)));
    this.#options.onCredential(kept);
  }

  #fail(cause: unknown): void {
    this.#attempt = undefined;
    if (this.#stopped) return;
    const error = cause instanceof CredentialError ? cause : unexpected(this.#provider, cause);
    this.#failures++;
    const delay = this.#retryDelay(error);
    this.#retryAt = this.#clock.elapsed() + delay;
    this.#cancelTimer = this.#clock.after(delay, () => this.#startAttempt());
    this.#options.onFailure({ error, retryInMs: delay });
  }

  /** Where a token still lives, it is asked for again at the latest when that one ends. */
  #retryDelay(error: CredentialError): number {
    const delay = this.#backoff(error);
    const current = this.current;
    if (current === undefined || error.retryAfterMs !== undefined) return delay;
    return Math.max(1_000, Math.min(delay, current.expiresAt - this.#clock.now()));
  }

  #backoff(error: CredentialError | undefined): number {
    return retryDelay({
      failures: this.#failures,
      local: error?.trouble === "unavailable",
      retryAfterMs: error?.retryAfterMs,
      random: this.#options.random ?? Math.random,
    });
  }

  /** Renews on whichever clock gets there first, so that a wall clock set back delays nothing. */
  #renewAt(at: number): void {
    if (at === Infinity) return;
    this.#renewal = { at, elapsed: this.#clock.elapsed() + at - this.#clock.now() };
    this.#sleepUntilRenewal();
  }

  #sleepUntilRenewal(): void {
    const left = this.#untilRenewal();
    const wake = () => {
      if (this.#untilRenewal() <= 0) this.#startAttempt();
      else this.#sleepUntilRenewal();
    };
    this.#cancelTimer = this.#clock.after(Math.min(Math.max(left, 0), LONGEST_SLEEP), wake);
  }

  #untilRenewal(): number {
    const { at, elapsed } = this.#renewal;
    return Math.min(at - this.#clock.now(), elapsed - this.#clock.elapsed());
  }
}

function isSame(one: ProvidedCredential, other: ProvidedCredential): boolean {
  return JSON.stringify(one.credential) === JSON.stringify(other.credential);
}

/** The error of an attempt that took too long. */
export function timedOut({ name }: CredentialProvider, limitMs: number): CredentialError {
  return new CredentialError(
    "unreachable",
    `${name}: no token within ${limitMs / 1000} s; check that the authority can be reached`,
  );
}

function alreadyExpired({ name }: CredentialProvider): CredentialError {
  return new CredentialError(
    "unreachable",
    `${name}: the token that came had already expired; check this machine's clock`,
  );
}

/** A fault of ours or of a library. Its message is left out: it may quote a secret. */
function unexpected({ name }: CredentialProvider, cause: unknown): CredentialError {
  const kind = cause instanceof Error ? cause.name : typeof cause;
  return new CredentialError("denied", `${name}: failed unexpectedly (${kind})`);
}
