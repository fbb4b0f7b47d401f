import { netOnly } from "../../permissions/needs.ts";
import { netAddress } from "../../net/address.ts";
import { CertificateError } from "../certificate.ts";
import type { HttpsPlace } from "./challenge_responder.ts";
import type { FromChallengeWorker, ToChallengeWorker } from "./challenge_worker.ts";
import type { Challenge } from "./order_messages.ts";

/** Where the challenge server listens, and where it redirects to. */
export interface ChallengeServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly https: HttpsPlace;
  /** Called when the server dies, and with it the way to another certificate. */
  readonly onDeath: (reason: string) => void;
}

/** The server on `http_challenge_port`, in a worker that may only listen there. */
export class ChallengeServer {
  readonly #worker: Worker;
  readonly #published: (() => void)[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** @throws {CertificateError} when it cannot listen */
  static async start(options: ChallengeServerOptions): Promise<ChallengeServer> {
    const { hostname, port, https, onDeath } = options;
    const listening = Promise.withResolvers<void>();
    const server = new ChallengeServer(challengeWorker(hostname, port));
    server.#worker.onmessage = ({ data: message }: MessageEvent<FromChallengeWorker>) => {
      switch (message.type) {
        case "listening":
          return listening.resolve();
        case "failed":
          return listening.reject(cannotListen(hostname, port, message.reason));
        case "published":
          return server.#published.shift()?.();
      }
    };
    server.#worker.onerror = (event) => {
      event.preventDefault();
      listening.reject(cannotListen(hostname, port, event.message));
      onDeath(event.message);
    };
    server.#post({ type: "start", listen: { hostname, port }, https });
    try {
      await listening.promise;
      return server;
    } catch (error) {
      server.stop();
      throw error;
    }
  }

  /** Answers a challenge from now on, and resolves once it does. */
  publish(challenge: Challenge): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#published.push(resolve);
    this.#post({ type: "publish", challenge });
    return promise;
  }

  /** Answers no challenge any more. */
  clear(): void {
    this.#post({ type: "clear" });
  }

  stop(): void {
    this.#worker.terminate();
  }

  #post(message: ToChallengeWorker): void {
    this.#worker.postMessage(message);
  }
}

function challengeWorker(hostname: string, port: number): Worker {
  return new Worker(new URL("./challenge_worker.ts", import.meta.url), {
    type: "module",
    name: "acme-challenges",
    deno: { permissions: netOnly([netAddress(hostname, port)]) },
  });
}

function cannotListen(hostname: string, port: number, reason: string): CertificateError {
  const privileged = /permission denied/i.test(reason) && port < 1024
    ? ": ports below 1024 need the capability CAP_NET_BIND_SERVICE, or another port forwarded to"
    : "";
  return new CertificateError([
    `cannot listen on http_challenge_port ${port} of ${hostname}${privileged} (${reason})`,
  ]);
}
