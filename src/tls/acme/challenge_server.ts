import type { Channel } from "../../ipc/channel.ts";
import { workerChannel } from "../../ipc/worker_channel.ts";
import { netOnly } from "../../permissions/needs.ts";
import { netAddress } from "../../net/address.ts";
import { listeningFailure } from "../../net/listening_failure.ts";
import { CertificateError } from "../certificate.ts";
import type { HttpsPlace } from "./challenge_responder.ts";
import type { ChallengeWorker } from "./challenge_worker.ts";
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
  readonly #worker: Channel<ChallengeWorker, Record<never, never>>;

  private constructor({ hostname, port, onDeath }: ChallengeServerOptions) {
    this.#worker = workerChannel({
      module: new URL("./challenge_worker.ts", import.meta.url),
      name: "acme-challenges",
      permissions: netOnly([netAddress(hostname, port)]),
      functions: {},
      onDeath,
    });
  }

  /** @throws {CertificateError} when it cannot listen */
  static async start(options: ChallengeServerOptions): Promise<ChallengeServer> {
    const { hostname, port, https } = options;
    const server = new ChallengeServer(options);
    try {
      await server.#worker.call("start", { listen: { hostname, port }, https });
      return server;
    } catch (error) {
      server.stop();
      const settings = { setting: "tls.http_challenge_port", hostSetting: "bind_address" };
      const fault = listeningFailure({ hostname, port, ...settings }, error);
      throw new CertificateError([`cannot listen: ${fault}`]);
    }
  }

  /** Answers a challenge from now on, and resolves once it does. */
  publish(challenge: Challenge): Promise<void> {
    return this.#worker.call("publish", challenge);
  }

  /** Answers no challenge any more. */
  clear(): void {
    this.#worker.tell("clear");
  }

  stop(): void {
    this.#worker.close("stopped");
  }
}
