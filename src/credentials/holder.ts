import { type Clock, systemClock } from "../time/clock.ts";
import type { UpstreamCredential } from "./credential.ts";
import type { FromCredentialHolder, IssuedCredential, ToCredentialHolder } from "./messages.ts";

/** Longest wait for a replacement while the suspect credential still lives, in milliseconds. */
const SUSPECT_PATIENCE = 5_000;
/** Seconds after which to try again, where nobody knows when a credential will come. */
const UNKNOWN_RETRY = 5;

/** What a holder is made from. */
export interface CredentialHolderOptions {
  /** The credential at hand at the start. */
  readonly issued: IssuedCredential | undefined;
  /** Milliseconds a request waits for a credential. */
  readonly timeoutMs: number;
  /** Tells the supervisor. */
  readonly post: (message: FromCredentialHolder) => void;
  /** What tells the time. @default {systemClock} */
  readonly clock?: Clock;
}

/** No credential came in time. The supervisor's log says why. */
export class CredentialUnavailable extends Error {
  /** Tells it from other errors. */
  override readonly name = "CredentialUnavailable";
  /** Seconds after which there may be one. */
  readonly retryAfter: number;

  /** Makes one; `undefined` where nobody knows when there will be a credential. */
  constructor(retryInMs: number | undefined) {
    super("No upstream credential");
    const seconds = retryInMs === undefined ? UNKNOWN_RETRY : Math.ceil(retryInMs / 1000);
    this.retryAfter = Math.max(1, seconds);
  }
}

/** A request that waits. */
interface Waiter {
  readonly resolve: (credential: UpstreamCredential) => void;
  readonly reject: (error: CredentialUnavailable) => void;
  /** The end of its patience, in milliseconds on the clock that never jumps. */
  readonly until: number;
  readonly cancelTimer: () => void;
}

/**
 * A worker's credential for one upstream. Requests get it at once while it lives, judged by the wall clock at each
 * use. Without one they wait for the supervisor, which alone can get another.
 */
export class CredentialHolder {
  readonly #options: CredentialHolderOptions;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #issued: IssuedCredential | undefined;
  #suspect = false;
  #timeoutMs: number;

  /** With what is at hand at the start. */
  constructor(options: CredentialHolderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs;
    this.#issued = options.issued;
  }

  /** Requests wait so many milliseconds from now on. */
  setPatience(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
  }

  /** Whether a credential that lives is at hand. */
  get isAtHand(): boolean {
    return this.#living() !== undefined;
  }

  /**
   * The credential to use now: at hand, or awaited.
   *
   * @throws {CredentialUnavailable} through its promise, when none comes in time
   */
  get(): UpstreamCredential | Promise<UpstreamCredential> {
    const living = this.#living();
    return living === undefined || this.#suspect ? this.#wait(living) : living;
  }

  /** Tells that the upstream refused a credential of ours with 401 or 403. */
  refused(credential: UpstreamCredential, status: number): void {
    if (this.#issued?.credential !== credential) return;
    // Nobody has another API key: only a token can be replaced.
    if (status === 401 && credential.kind === "bearer") this.#suspect = true;
    this.#options.post({ type: "credential_refused", id: this.#issued.id, status });
  }

  /** Takes what the supervisor says. */
  receive(message: ToCredentialHolder): void {
    switch (message.type) {
      case "credential":
        return this.#take(message.issued);
      case "credential_suspect":
        this.#suspect ||= this.#issued?.id === message.id;
        return;
      case "credential_unavailable":
        return this.#giveUpBeyond(message.retryInMs);
    }
  }

  #living(): UpstreamCredential | undefined {
    const issued = this.#issued;
    return issued && issued.expiresAt > this.#clock.now() ? issued.credential : undefined;
  }

  /** A credential that was confirmed stays the same object: `refused` knows it by that. */
  #take(issued: IssuedCredential): void {
    if (this.#issued?.id !== issued.id) this.#issued = issued;
    this.#suspect = false;
    const living = this.#living();
    if (living === undefined) return;
    for (const waiter of this.#waiters) this.#settle(waiter, living);
  }

  #wait(suspect: UpstreamCredential | undefined): Promise<UpstreamCredential> {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamCredential>();
    const { post } = this.#options;
    const limit = suspect === undefined ? Infinity : SUSPECT_PATIENCE;
    const patience = Math.min(this.#timeoutMs, limit);
    const cancelTimer = this.#clock.after(patience, () => this.#settle(waiter, this.#living()));
    const until = this.#clock.elapsed() + patience;
    const waiter: Waiter = { resolve, reject, until, cancelTimer };
    this.#waiters.add(waiter);
    if (suspect === undefined && this.#waiters.size === 1) post({ type: "credential_wanted" });
    return promise;
  }

  /** Who could not wait for the next attempt learns so at once. */
  #giveUpBeyond(retryInMs: number): void {
    const next = this.#clock.elapsed() + retryInMs;
    for (const waiter of this.#waiters) {
      if (waiter.until < next) this.#settle(waiter, this.#living(), retryInMs);
    }
  }

  #settle(waiter: Waiter, credential: UpstreamCredential | undefined, retryInMs?: number): void {
    waiter.cancelTimer();
    this.#waiters.delete(waiter);
    if (credential !== undefined) waiter.resolve(credential);
    else waiter.reject(new CredentialUnavailable(retryInMs));
  }
}
