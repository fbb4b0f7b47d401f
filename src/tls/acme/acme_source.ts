import { type Certificate, readCertificate } from "../certificate.ts";
import type { CertificateSource, ServeCertificate, UpkeepLog } from "../certificate_source.ts";
import { type Clock, delay, systemClock } from "../../time/clock.ts";
import { expiryText, ExpiryWarning } from "../expiry_warning.ts";
import { describeCertificate } from "../file_source.ts";
import type { AcmeCache, Attempts } from "./cache.ts";
import { cachedCertificate } from "./cached_certificate.ts";
import type { ChallengeServer } from "./challenge_server.ts";
import { OrderError } from "./order_error.ts";
import type { OrderFailure, OrderRequest } from "./order_messages.ts";
import { placeholderCertificate } from "./placeholder.ts";
import { backoff, type Random, renewalTime } from "./renewal.ts";
import { certificateId } from "./renewal_info.ts";
import { RenewalAdvice } from "./renewal_advice.ts";
import { runOrder } from "./run_order.ts";

/** Longest time between two checks, in milliseconds. */
const CHECK_INTERVAL = 3_600_000;

/** What an order needs that stays the same from one to the next. */
export interface AcmeIdentity extends Omit<OrderRequest, "account" | "replaces"> {
  readonly email: string;
  readonly eab?: { readonly kid: string; readonly hmacKey: string } | undefined;
}

/** What {@linkcode AcmeSource} is made from. */
export interface AcmeSourceOptions {
  readonly identity: AcmeIdentity;
  readonly cache: AcmeCache;
  readonly challenges: Pick<ChallengeServer, "publish" | "clear" | "stop">;
  readonly log: UpkeepLog;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {Math.random} */
  readonly random?: Random;
}

/**
 * The certificate of `tls.mode = "acme"`: from the cache, else a self-signed placeholder until the
 * authority has issued one; renewed in time, with the old one served until the new one is there.
 */
export class AcmeSource implements CertificateSource {
  readonly #options: AcmeSourceOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #expiry = new ExpiryWarning();
  readonly #advice: RenewalAdvice;
  readonly #stop = new AbortController();
  /** Absent while the placeholder is served. */
  #certificate: Certificate | undefined;
  #served: Certificate;
  #attempts: Attempts | undefined;
  #renewAt = 0;
  #serve: ServeCertificate = () => Promise.resolve();
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(options: AcmeSourceOptions, start: Start) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#served = start.served;
    this.#attempts = start.attempts;
    this.#advice = new RenewalAdvice(options.identity, this.#random, options.log);
    if (start.certificate !== undefined) this.#adopt(start.certificate);
  }

  /** Opens the cache, without a word to the authority. */
  static async open(options: AcmeSourceOptions): Promise<AcmeSource> {
    const { cache, identity, log, clock = systemClock } = options;
    await cache.prepare();
    const certificate = await cachedCertificate(cache, log, clock.now());
    const attempts = await cache.attempts();
    if (certificate !== undefined) {
      log.info("certificate found in the cache", describeCertificate(certificate));
      return new AcmeSource(options, { certificate, served: certificate, attempts });
    }
    log.info("serving a self-signed placeholder until the authority has issued a certificate");
    const served = await placeholderCertificate(identity.domains, clock.now());
    const held = attempts?.imposed ? attempts : undefined;
    return new AcmeSource(options, { certificate: undefined, served, attempts: held });
  }

  get current(): Certificate {
    return this.#served;
  }

  start(serve: ServeCertificate): void {
    this.#serve = serve;
    this.#running = this.#run();
  }

  /**
   * Checks now whether a renewal is due, and asks the authority about it anew. Someone who has put
   * right what made an order fail need not wait for the back-off, only for what the authority imposed.
   */
  reloadCertificates(): Promise<void> {
    this.#advice.askNow();
    if (this.#attempts?.imposed === false) this.#attempts = { ...this.#attempts, retryAt: 0 };
    this.#wake.abort();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
    this.#options.challenges.stop();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      const now = this.#clock.now();
      const due = await this.#due(now);
      if (due <= now) await this.#renew();
      else {
        this.#warnOfExpiry(now);
        const signal = AbortSignal.any([this.#wake.signal, this.#stop.signal]);
        await delay(this.#clock, Math.min(due - now, CHECK_INTERVAL), signal);
      }
    }
  }

  /** When the next order is due: after the last failure's back-off, and once renewal is wanted. */
  async #due(now: number): Promise<number> {
    const certificate = this.#certificate;
    let due = 0;
    if (certificate !== undefined) {
      const advised = await this.#advice.renewAt(certificate, now);
      due = Math.min(this.#renewAt, advised ?? Infinity);
    }
    return Math.max(due, this.#attempts?.retryAt ?? 0);
  }

  /** Notes the attempt before it is made: a crash in the middle must not become a loop of orders. */
  async #renew(): Promise<void> {
    const { challenges, log } = this.#options;
    const failures = (this.#attempts?.failures ?? 0) + 1;
    try {
      await this.#note({ failures, retryAt: this.#retryAt(failures), imposed: false });
      log.info("ordering a certificate", { domains: this.#options.identity.domains.join(",") });
      const issued = await this.#order();
      await this.#keep(issued);
      this.#attempts = undefined;
      this.#adopt(issued);
      await this.#serve(issued);
      log.info("certificate issued", describeCertificate(issued));
    } catch (error) {
      if (!this.#stop.signal.aborted) await this.#fail(failures, failureOf(error));
    } finally {
      challenges.clear();
    }
  }

  async #order(): Promise<Certificate> {
    const { identity, cache, challenges } = this.#options;
    const { email, eab, ...rest } = identity;
    const account = await cache.account();
    const replaces = this.#certificate && await certificateId(this.#certificate.cert);
    const reportUnwritable = (error: unknown) => this.#reportUnwritable(error);
    let registered = Promise.resolve();
    const pair = await runOrder({ ...rest, replaces, account: { ...account, email, eab } }, {
      publish: (challenge) => challenges.publish(challenge),
      onAccount: (url) => {
        registered = cache.storeAccount({ key: account.key, url }).catch(reportUnwritable);
      },
      signal: this.#stop.signal,
    });
    await registered;
    // Not checked against our clock: were it slow, we would refuse what we just got, and order again.
    const name = "the issued certificate";
    return readCertificate({ name, text: pair.cert }, { name, text: pair.key });
  }

  async #fail(failures: number, { reason, retryAfterMs }: OrderFailure): Promise<void> {
    const retryAt = this.#retryAt(failures, retryAfterMs);
    const { log } = this.#options;
    log.error("no certificate was issued", {
      reason,
      failures,
      next_try: new Date(retryAt).toISOString(),
      served: this.#servedText(),
    });
    try {
      await this.#note({ failures, retryAt, imposed: retryAfterMs !== undefined });
    } catch (error) {
      this.#reportUnwritable(error);
    }
  }

  /** A certificate that cannot be kept is served all the same: another would fare no better. */
  async #keep(certificate: Certificate): Promise<void> {
    const { cache } = this.#options;
    try {
      await cache.storeCertificate(certificate);
      await cache.clearAttempts();
    } catch (error) {
      this.#reportUnwritable(error);
    }
  }

  #reportUnwritable(error: unknown): void {
    this.#options.log.error("the certificate cache cannot be written", { reason: String(error) });
  }

  async #note(attempts: Attempts): Promise<void> {
    this.#attempts = attempts;
    await this.#options.cache.storeAttempts(attempts);
  }

  #retryAt(failures: number, retryAfterMs?: number): number {
    return this.#clock.now() + backoff(failures, retryAfterMs, this.#random);
  }

  #adopt(certificate: Certificate): void {
    this.#certificate = certificate;
    this.#served = certificate;
    this.#renewAt = renewalTime(certificate, this.#random);
    this.#advice.forget(this.#clock.now());
    this.#expiry.reset();
  }

  #servedText(): string {
    if (this.#certificate === undefined) return "the self-signed placeholder";
    return expiryText(this.#certificate.notAfter, this.#clock.now());
  }

  /** Only when a renewal failed: short-lived certificates always end within 14 days. */
  #warnOfExpiry(now: number): void {
    if (this.#certificate === undefined || this.#attempts === undefined) return;
    const text = this.#expiry.due(this.#certificate.notAfter, now);
    if (text !== undefined) this.#options.log.warn(text);
  }
}

interface Start {
  readonly certificate: Certificate | undefined;
  readonly served: Certificate;
  readonly attempts: Attempts | undefined;
}

function failureOf(error: unknown): OrderFailure {
  if (error instanceof OrderError) return error.failure;
  return { reason: error instanceof Error ? error.message : String(error) };
}
