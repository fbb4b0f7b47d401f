import type { FromCredentialHolder, IssuedCredential } from "../credentials/messages.ts";
import type {
  CertificatePair,
  FromWorker,
  RequestReport,
  ToWorker,
  WorkerConfig,
} from "../ipc/messages.ts";

/** What one worker runs, with what permissions, and whom it tells. */
export interface RequestWorkerOptions {
  readonly module: URL;
  readonly permissions: Deno.PermissionOptions;
  readonly onRequests: (report: RequestReport) => void;
  readonly onCredential: (message: FromCredentialHolder) => void;
  readonly onCertificateRefused: (reason: string) => void;
  readonly onListenerLost: (reason: string) => void;
  readonly onDeath: (reason: string) => void;
}

/** One Web Worker, and the supervisor's half of the conversation with it. */
export class RequestWorker {
  readonly #worker: Worker;
  readonly #options: RequestWorkerOptions;
  readonly #listening = Promise.withResolvers<void>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Resolve once the certificates sent so far are in use, in order. */
  readonly #certificatesSent: (() => void)[] = [];
  readonly #cutOff = Promise.withResolvers<void>();
  /** Resolve once the reloads sent so far are in force, in order. */
  readonly #reloadsSent: (() => void)[] = [];

  constructor(options: RequestWorkerOptions) {
    this.#options = options;
    this.#worker = new Worker(options.module, {
      type: "module",
      name: "request-worker",
      deno: { permissions: options.permissions },
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(event.message);
    };
  }

  /** @throws {Error} when the worker cannot listen */
  start(
    config: WorkerConfig,
    credential: IssuedCredential | undefined,
    certificate: CertificatePair | undefined,
  ): Promise<void> {
    this.post({
      type: "start",
      config,
      credential,
      ...(certificate && { certificate: pem(certificate) }),
    });
    return this.#listening.promise;
  }

  useCertificate(certificate: CertificatePair): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#certificatesSent.push(resolve);
    this.post({ type: "certificate", certificate: pem(certificate) });
    return promise;
  }

  reload(config: WorkerConfig): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reloadsSent.push(resolve);
    this.post({ type: "reload", config });
    return promise;
  }

  drain(): Promise<void> {
    this.post({ type: "drain" });
    return this.#drained.promise;
  }

  close(): Promise<void> {
    this.post({ type: "close" });
    return this.#closed.promise;
  }

  cutOff(): Promise<void> {
    this.post({ type: "cut_off" });
    return this.#cutOff.promise;
  }

  terminate(): void {
    this.#worker.terminate();
    for (const resolve of [...this.#certificatesSent, ...this.#reloadsSent]) resolve();
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "listening":
        return this.#listening.resolve();
      case "failed":
        return this.#die(message.reason);
      case "listener_lost":
        return this.#options.onListenerLost(message.reason);
      case "certificate_done":
        if (message.refused !== undefined) this.#options.onCertificateRefused(message.refused);
        return this.#certificatesSent.shift()?.();
      case "requests":
        return this.#options.onRequests(message);
      case "reloaded":
        return this.#reloadsSent.shift()?.();
      case "credential_wanted":
      case "credential_refused":
        return this.#options.onCredential(message);
      case "drained":
        return this.#drained.resolve();
      case "closed":
        return this.#closed.resolve();
      case "cut_off":
        return this.#cutOff.resolve();
    }
  }

  #die(reason: string): void {
    this.terminate();
    this.#drained.resolve();
    this.#closed.resolve();
    this.#cutOff.resolve();
    this.#listening.reject(new Error(reason));
    this.#options.onDeath(reason);
  }
}

/** The two fields a worker needs of whatever the supervisor knows of a certificate. */
function pem({ cert, key }: CertificatePair): CertificatePair {
  return { cert, key };
}
