import type { IssuedCredential, ToCredentialHolder } from "../credentials/messages.ts";
import type { CertificatePair, Supervisor, WorkerConfig } from "../ipc/messages.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** Milliseconds before a dead worker is replaced, doubled each time it dies again soon. */
const FIRST_BACKOFF = 100;
const LONGEST_BACKOFF = 30_000;
/** Milliseconds a worker must live for its next death to count as the first. */
const STABLE_AFTER = 60_000;
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
}

/** Request workers that share one port. One that dies is replaced; the others serve on. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, WorkerHandle>();
  #config: Omit<WorkerConfig, "worker">;
  #certificate: CertificatePair | undefined;
  readonly #restarts = new Map<number, ReturnType<typeof setTimeout>>();
  /** Whether the dead are replaced: between a complete start and the end. */
  #replacing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#certificate = options.certificate && pem(options.certificate);
  }

  /** The address every worker listens on. */
  get listen(): WorkerConfig["listen"] {
    return this.#options.config.listen;
  }

  /** Has every worker serve new requests differently; resolves once all of them do. */
  async reload(config: Omit<WorkerConfig, "worker">): Promise<void> {
    this.#config = config;
    await this.#each((worker, number) => worker.call("reload", { ...config, worker: number }));
  }

  /**
   * Has every worker, and each that replaces one, serve new connections with a certificate.
   *
   * @returns a promise that resolves once they do
   */
  async useCertificate(certificate: CertificatePair): Promise<void> {
    const pair = this.#certificate = pem(certificate);
    await this.#each((worker) => worker.call("certificate", pair));
  }

  /**
   * Starts every worker.
   *
   * @throws {Error} when one cannot listen; the others are then stopped
   */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#options.count }, (_, index) => index + 1);
    try {
      await Promise.all(numbers.map((number) => this.#spawn(number, FIRST_BACKOFF)));
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

  async #spawn(number: number, backoff: number): Promise<void> {
    const { module = WORKER, permissions, credential, supervisor } = this.#options;
    const started = performance.now();
    const worker = new WorkerHandle({
      module,
      number,
      permissions,
      supervisor: supervisor(number),
      onDeath: (reason) => {
        const stable = performance.now() - started > STABLE_AFTER;
        this.#replace(number, reason, stable ? FIRST_BACKOFF : backoff);
      },
    });
    this.#workers.set(number, worker);
    await worker.call("start", {
      config: { ...this.#config, worker: number },
      credential: credential(),
      certificate: this.#certificate,
    });
  }

  #replace(number: number, reason: string, backoff: number): void {
    this.#workers.delete(number);
    if (!this.#replacing) return;
    this.#options.onDeath({ worker: number, reason, restartMs: backoff });
    const restart = () => {
      this.#restarts.delete(number);
      const next = Math.min(backoff * 2, LONGEST_BACKOFF);
      this.#spawn(number, next).catch(() => {}); // Its death is reported to onDeath like any other.
    };
    this.#restarts.set(number, setTimeout(restart, backoff));
  }
}

/** The two fields a worker needs of whatever the supervisor knows of a certificate. */
function pem({ cert, key }: CertificatePair): CertificatePair {
  return { cert, key };
}
