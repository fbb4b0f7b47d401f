import { WorkerThread } from "../../ipc/worker_thread.ts";
import { netAddress } from "../../net/address.ts";
import { listeningFailure } from "../../net/listening_failure.ts";
import { netOnly } from "../../permissions/needs.ts";
import { RestartBackoff } from "../../time/restart_backoff.ts";
import { CertificateError } from "../certificate.ts";
import type { HttpsPlace } from "./challenge_responder.ts";
import type { ChallengeWorker } from "./challenge_worker.ts";
import type { Challenge } from "./order_messages.ts";

/** A compiled program has it because `deno.json` names it under `compile`. */
const WORKER = new URL("./challenge_worker.ts", import.meta.url);
/** Milliseconds that the worker may take to load its modules and listen. */
const START_TIMEOUT = 60_000;
/** Milliseconds that the worker may be silent. */
const PATIENCE = 10_000;

/** Where the challenge server listens, and where it redirects to. */
export interface ChallengeServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly https: HttpsPlace;
  /** The worker died and will be replaced. */
  readonly onDeath: (death: { reason: string; restartMs: number }) => void;
  /** What it runs; tests put another in its place. @default {the challenge worker} */
  readonly module?: URL;
  /** Milliseconds that it may be silent. @default {10_000} */
  readonly patienceMs?: number;
}

type Worker = WorkerThread<ChallengeWorker, Record<never, never>>;

/**
 * The server on `http_challenge_port`, in a worker that may only listen there. It faces the internet,
 * and may die of that: then another takes its place and answers the same challenges.
 */
export class ChallengeServer {
  readonly #options: ChallengeServerOptions;
  readonly #backoff = new RestartBackoff();
  /** What is answered, by token. */
  readonly #challenges = new Map<string, Challenge>();
  #worker: Worker;
  /** Whether a dead worker is replaced: between a complete start and the end. */
  #replacing = false;
  #restart: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: ChallengeServerOptions) {
    this.#options = options;
    this.#worker = this.#spawn();
  }

  /** @throws {CertificateError} when it cannot listen */
  static async start(options: ChallengeServerOptions): Promise<ChallengeServer> {
    const server = new ChallengeServer(options);
    try {
      await server.#listen();
      server.#replacing = true;
      return server;
    } catch (error) {
      const { hostname, port } = options;
      const settings = { setting: "tls.http_challenge_port", hostSetting: "bind_address" };
      const fault = listeningFailure({ hostname, port, ...settings }, error);
      throw new CertificateError([`cannot listen: ${fault}`]);
    }
  }

  /**
   * Answers a challenge from now on, and resolves once it does.
   *
   * @throws {Error} when the worker dies, or has died and no other has taken its place yet
   */
  async publish(challenge: Challenge): Promise<void> {
    this.#challenges.set(challenge.token, challenge);
    await this.#worker.channel.call("publish", challenge);
  }

  /** Answers no challenge any more. */
  clear(): void {
    this.#challenges.clear();
    this.#worker.channel.tell("clear");
  }

  stop(): void {
    this.#replacing = false;
    clearTimeout(this.#restart);
    this.#worker.channel.close("stopped");
  }

  #spawn(): Worker {
    const { hostname, port, module = WORKER } = this.#options;
    this.#backoff.started();
    return new WorkerThread({
      module,
      name: "acme-challenges",
      permissions: netOnly([netAddress(hostname, port)]),
      functions: {},
      onDeath: (reason) => this.#replace(reason),
    });
  }

  /** Has the worker listen; ends it where it cannot, and throws why. */
  async #listen(): Promise<void> {
    const { hostname, port, https, patienceMs = PATIENCE } = this.#options;
    const worker = this.#worker;
    try {
      const limit = { timeoutMs: START_TIMEOUT };
      await worker.channel.call("start", { listen: { hostname, port }, https }, limit);
      void worker.watch(patienceMs);
      for (const challenge of this.#challenges.values()) {
        await worker.channel.call("publish", challenge);
      }
    } catch (error) {
      worker.end(String(error));
      throw error;
    }
  }

  /** A thread that goes on after its death keeps the port: then each that is to replace it dies. */
  #replace(reason: string): void {
    if (!this.#replacing) return;
    const restartMs = this.#backoff.ended();
    this.#options.onDeath({ reason, restartMs });
    this.#restart = setTimeout(() => {
      this.#worker = this.#spawn();
      this.#listen().catch(() => {}); // Its death is reported like any other.
    }, restartMs);
  }
}
