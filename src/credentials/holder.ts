import type { UpstreamCredential } from "./credential.ts";
import { Refusal } from "../proxy/answers.ts";
import type { FromCredentialHolder, IssuedCredential, ToCredentialHolder } from "./messages.ts";

/** Longest wait for a replacement while the suspect credential still lives, in milliseconds. */
const SUSPECT_PATIENCE = 5_000;
/** `Retry-After` in seconds, where nobody knows when a credential will come. */
const UNKNOWN_RETRY = 5;

/** What a holder is made from. */
export interface CredentialHolderOptions {
  /** The credential at hand at the start. */
  readonly issued: IssuedCredential | undefined;
  /** Milliseconds a request waits for a credential. */
  readonly timeoutMs: number;
  /** Tells the supervisor. */
  readonly post: (message: FromCredentialHolder) => void;
  /** Wall-clock time in milliseconds since the epoch. @default {Date.now} */
  readonly now?: () => number;
}

/** A request that waits. */
interface Waiter {
  readonly resolve: (credential: UpstreamCredential) => void;
  readonly reject: (refusal: Refusal) => void;
  /** The end of its patience, on the clock of `performance.now`. */
  readonly until: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * A worker's credential. Requests get it at once while it lives, judged by the wall clock at each
 * use. Without one they wait for the supervisor, which alone can get another.
 */
export class CredentialHolder {
  readonly #options: CredentialHolderOptions;
  readonly #waiters = new Set<Waiter>();
  #issued: IssuedCredential | undefined;
  #suspect = false;
  #timeoutMs: number;

  constructor(options: CredentialHolderOptions) {
    this.#options = options;
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
   * @throws {Refusal} through its promise, when none comes in time
   */
  credential(): UpstreamCredential | Promise<UpstreamCredential> {
    const living = this.#living();
    return living === undefined || this.#suspect ? this.#wait(living) : living;
  }

  /** Tells that the upstream refused a credential of ours with 401 or 403. */
  refused(credential: UpstreamCredential, status: number): void {
    if (credential.kind !== "bearer" || this.#issued?.credential !== credential) return;
    if (status === 401) this.#suspect = true;
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
    const now = this.#options.now ?? Date.now;
    return this.#issued && this.#issued.expiresAt > now() ? this.#issued.credential : undefined;
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
    const timer = setTimeout(() => this.#settle(waiter, this.#living()), patience);
    const waiter: Waiter = { resolve, reject, until: performance.now() + patience, timer };
    this.#waiters.add(waiter);
    if (suspect === undefined && this.#waiters.size === 1) post({ type: "credential_wanted" });
    return promise;
  }

  /** Who could not wait for the next attempt learns so at once. */
  #giveUpBeyond(retryInMs: number): void {
    const next = performance.now() + retryInMs;
    for (const waiter of this.#waiters) {
      if (waiter.until < next) this.#settle(waiter, this.#living(), retryInMs);
    }
  }

  #settle(waiter: Waiter, credential: UpstreamCredential | undefined, retryInMs?: number): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    if (credential !== undefined) waiter.resolve(credential);
    else waiter.reject(unavailable(retryInMs));
  }
}

function unavailable(retryInMs: number | undefined): Refusal {
  const seconds = retryInMs === undefined ? UNKNOWN_RETRY : Math.ceil(retryInMs / 1000);
  return new Refusal({
    code: "upstream_auth_unavailable",
    message: "This proxy has no token for the upstream at the moment; its log says why",
    headers: { "retry-after": String(Math.max(1, seconds)) },
  }, "no upstream token");
}
