import type { IssuedCredential, ToCredentialHolder } from "../credentials/messages.ts";
import type { CertificatePair, Supervisor, WorkerConfig } from "../ipc/messages.ts";
import { RestartBackoff } from "../time/restart_backoff.ts";
import type { WorkerLoad } from "./memory_guard.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** Longest time before a dead worker is replaced, in milliseconds, where none is left to serve. */
const LONGEST_ALONE = 1_000;
/** See {@linkcode WorkerPool.patienceMs}. */
const PATIENCE = 10_000;
/** Milliseconds that one whose memory grows may run on once it was ended. */
const URGENCY = 2_000;
/** A compiled program has it because `deno.json` names it under `compile`: no import leads to it. */
const WORKER = new URL("../worker/main.ts", import.meta.url);

/** What a pool of request workers is made from. */
export interface WorkerPoolOptions {
  readonly count: number;
  /**
   * What the workers run; tests put another in its place.
   *
   * @default {new URL("../worker/main.ts", import.meta.url)}
   */
  readonly module?: URL;
  /** The same for all; `worker` is filled in. */
  readonly config: Omit<WorkerConfig, "worker">;
  readonly permissions: Deno.PermissionOptions;
  /** The credential at hand when a worker starts. */
  readonly credential: () => IssuedCredential | undefined;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate?: CertificatePair | undefined;
  /** What worker number so-and-so may call. */
  readonly supervisor: (worker: number) => Omit<Supervisor, "failed">;
  /** A worker died and will be replaced. */
  readonly onDeath: (death: { worker: number; reason: string; restartMs: number }) => void;
  /** See {@linkcode WorkerPool.patienceMs}. @default {10_000} */
  readonly patienceMs?: number;
}

/** A worker that has died, and whose thread goes on. */
export interface LostThread {
  readonly worker: number;
  /** Why the worker was ended. */
  readonly reason: string;
  /** Whether nobody can wait, because its memory grows. */
  readonly urgent: boolean;
}

/** Request workers that share one port. One that dies is replaced; the others serve on. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, WorkerHandle>();
  #config: Omit<WorkerConfig, "worker">;
  #certificate: CertificatePair | undefined;
  readonly #backoffs = new Map<number, RestartBackoff>();
  readonly #restarts = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #lost = Promise.withResolvers<LostThread>();
  /** Whether the dead are replaced: between a complete start and the end. */
  #replacing = false;
  #left: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#certificate = options.certificate && pem(options.certificate);
  }

  /** The address every worker listens on. */
  get listen(): WorkerConfig["listen"] {
    return this.#options.config.listen;
  }

  /** Milliseconds that a worker may be silent, take for a verb, and run on once it was ended. */
  get patienceMs(): number {
    return this.#options.patienceMs ?? PATIENCE;
  }

  /**
   * Resolves when a worker's thread goes on after its death, which nothing but the end of the process
   * ends: it keeps its core, and its listener takes its share of the new connections.
   */
  get lost(): Promise<LostThread> {
    return this.#lost.promise;
  }

  /** What is known of each worker from outside. */
  get loads(): readonly WorkerLoad[] {
    return [...this.#workers].map(([worker, handle]) => ({ worker, ...handle.load }));
  }

  /** Ends a worker whose memory grows. Another takes its place. */
  endForMemory(number: number, reason: string): void {
    this.#workers.get(number)?.end(reason, { urgent: true });
  }

  /** Has every worker serve new requests differently; resolves once all of them do. */
  async reload(config: Omit<WorkerConfig, "worker">): Promise<void> {
    this.#config = config;
    const limit = { timeoutMs: this.patienceMs };
    await this.#each((worker, number) =>
      worker.call("reload", { ...config, worker: number }, limit)
    );
  }

  /**
   * Has every worker, and each that replaces one, serve new connections with a certificate.
   *
   * @returns a promise that resolves once they do
   */
  async useCertificate(certificate: CertificatePair): Promise<void> {
    const pair = this.#certificate = pem(certificate);
    const limit = { timeoutMs: this.patienceMs };
    await this.#each((worker) => worker.call("certificate", pair, limit));
  }

  /**
   * Starts every worker.
   *
   * @throws {Error} when one cannot listen; the others are then stopped
   */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#options.count }, (_, index) => index + 1);
    try {
      await Promise.all(numbers.map((number) => this.#spawn(number)));
      this.#replacing = true;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Tells every worker something of credentials. */
  broadcast(message: ToCredentialHolder): void {
    for (const worker of this.#workers.values()) worker.tell(message);
  }

  /**
   * Has every worker refuse new requests, and resolves once all have let the running ones end and
   * closed their listeners. None closes before: a worker that is idle would turn connections away
   * that it can still answer.
   */
  async drain(): Promise<void> {
    this.#stopReplacing();
    await this.#each((worker) => worker.call("drain"));
    await this.#each((worker) => worker.call("close"));
  }

  /**
   * Has every worker close its listener, for another process listens on the port by now, and resolves
   * once all have let the running requests end.
   */
  async leave(): Promise<void> {
    this.#stopReplacing();
    await (this.#left ??= this.#each((worker) => worker.call("leave")));
  }

  /**
   * Tells every worker's WebSocket clients that we go away, and has the requests that still run
   * reported; resolves once that is done.
   */
  async cutOff(): Promise<void> {
    await this.#each((worker) => worker.call("cutOff"));
  }

  /** Ends every worker at once, running requests with it. */
  stop(): void {
    this.#stopReplacing();
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }

  /** Nothing is left to wait for where a worker dies meanwhile: the one that replaces it knows all. */
  async #each(action: (worker: WorkerHandle, number: number) => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.#workers].map(([number, worker]) => action(worker, number)));
  }

  #stopReplacing(): void {
    this.#replacing = false;
    for (const timer of this.#restarts.values()) clearTimeout(timer);
    this.#restarts.clear();
  }

  async #spawn(number: number): Promise<void> {
    const { module = WORKER, permissions, credential, supervisor } = this.#options;
    this.#backoff(number).started();
    const worker = new WorkerHandle({
      module,
      number,
      permissions,
      supervisor: supervisor(number),
      patienceMs: this.patienceMs,
      onDeath: (reason) => {
        this.#replace(number, reason);
        void this.#awaitEnd(worker, { worker: number, reason, urgent: worker.isUrgent });
      },
    });
    this.#workers.set(number, worker);
    await worker.start({
      config: { ...this.#config, worker: number },
      credential: credential(),
      certificate: this.#certificate,
    });
  }

  #backoff(number: number): RestartBackoff {
    let backoff = this.#backoffs.get(number);
    if (backoff === undefined) this.#backoffs.set(number, backoff = new RestartBackoff());
    return backoff;
  }

  #replace(number: number, reason: string): void {
    this.#workers.delete(number);
    if (!this.#replacing) return;
    const backoff = this.#backoff(number).ended();
    const restartMs = this.#workers.size > 0 ? backoff : Math.min(backoff, LONGEST_ALONE);
    this.#options.onDeath({ worker: number, reason, restartMs });
    const restart = () => {
      this.#restarts.delete(number);
      this.#spawn(number).catch(() => {}); // Its death is reported to onDeath like any other.
    };
    this.#restarts.set(number, setTimeout(restart, restartMs));
  }

  /** While the pool drains, nobody comes to the listener of a lost thread but for a successor. */
  async #awaitEnd(worker: WorkerHandle, death: LostThread): Promise<void> {
    if (!this.#replacing && this.#left === undefined) return;
    const withinMs = death.urgent ? URGENCY : this.patienceMs;
    if (!await worker.threadEnds(withinMs)) this.#lost.resolve(death);
  }
}

/** The two fields a worker needs of whatever the supervisor knows of a certificate. */
function pem({ cert, key }: CertificatePair): CertificatePair {
  return { cert, key };
}
