import type { CertificatePair } from "../tls/certificate.ts";
import type { WorkerConfig } from "./messages.ts";
import { RequestTracker, type RequestTrackerOptions, type ServerDeps } from "./request_tracker.ts";
import { Uploads } from "./uploads.ts";
import { within } from "./within.ts";

/** Milliseconds that connections without a request get to close once the last response is out. */
const SHUTDOWN_GRACE = 250;

/** Milliseconds that uploads get to end before the listener they came by is shut down. */
const UPLOAD_GRACE = 30_000;

/** A listener, and what is being uploaded by way of it. */
interface Listener {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly uploads: Uploads;
}

/** What a request server is started with. */
export interface RequestServerOptions extends RequestTrackerOptions {
  readonly config: RequestTrackerOptions["config"] & Pick<WorkerConfig, "listen">;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate?: CertificatePair | undefined;
}

/** A listener with the proxy's handler behind it. */
export class RequestServer {
  readonly #listen: WorkerConfig["listen"];
  readonly #tracker: RequestTracker;
  /** Ends of servers whose certificate was replaced, while requests still run on them. */
  readonly #retired = new Set<Promise<void>>();
  #listener: Listener;

  /** @throws {Deno.errors.AddrInUse} and what else `Deno.serve` throws when it cannot listen */
  constructor(options: RequestServerOptions) {
    this.#listen = options.config.listen;
    this.#tracker = new RequestTracker(options);
    this.#listener = this.#open(options.certificate);
  }

  /**
   * Serves new connections with another certificate. `Deno.serve` cannot change its own, so a second
   * server takes the port beside the first, which then lets its running requests end.
   *
   * @throws {Error} when the second cannot listen; the first then stays
   */
  useCertificate(certificate: CertificatePair): void {
    if (this.#tracker.isDraining) return;
    const old = this.#listener;
    this.#listener = this.#open(certificate);
    const ended = retire(old).finally(() => this.#retired.delete(ended));
    this.#retired.add(ended);
  }

  /** Serves new requests so from now on. Those that run go on with what they began with. */
  reload(deps: ServerDeps, recordHeaders: boolean): void {
    this.#tracker.reload(deps, recordHeaders);
  }

  /**
   * Refuses new requests, and resolves once the running ones have ended. The listener stays open, so
   * that a load balancer reads "not ready" and a late client a 503 rather than a reset.
   */
  async drain(): Promise<void> {
    await this.#tracker.drain();
  }

  /** Closes the listener, and connections that have no request. */
  async close(): Promise<void> {
    const { promise: grace, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, SHUTDOWN_GRACE);
    await Promise.race([Promise.all([...this.#retired, this.#listener.server.shutdown()]), grace]);
    clearTimeout(timer);
  }

  /** Ends what still runs: see {@linkcode RequestTracker.cutOff}. */
  async cutOff(): Promise<void> {
    await this.#tracker.cutOff();
  }

  #open(certificate: CertificatePair | undefined): Listener {
    const uploads = new Uploads();
    const server = Deno.serve({
      ...this.#listen,
      ...certificate,
      reusePort: true,
      automaticCompression: false,
      onListen: () => {},
    }, (request, info) => {
      const answer = this.#tracker.handle(request, info);
      return certificate === undefined ? answer : uploads.watch(request, answer);
    });
    return { server, uploads };
  }
}

/**
 * Shuts a listener down when no upload needs it any more: Deno 2.9.6 breaks off every request body
 * when it shuts down (see `tests/wire/README.md`; guarded by `tests/wire/shutdown_test.ts`). Until
 * then new connections may come by way of it, and are shown its certificate, which is still good.
 */
async function retire({ server, uploads }: Listener): Promise<void> {
  await within(UPLOAD_GRACE, uploads.ended());
  await server.shutdown();
}
