import type { CertificatePair, WorkerConfig } from "../ipc/messages.ts";
import { RequestTracker, type RequestTrackerOptions } from "./tracker.ts";
import { Uploads } from "./uploads.ts";
import { AnswerCut } from "../proxy/watched_body.ts";
import { within } from "../time/within.ts";

/** Milliseconds that connections without a request get to close once the last response is out. */
const SHUTDOWN_GRACE = 250;

/**
 * Milliseconds in which clients are asked to close their connections before a listener is left. One
 * that is busy is then not closed under a request on its way, and its next is with the successor.
 */
const LEAVING_TIME = 1_000;

/** Milliseconds that uploads get to end before the listener they came by is shut down. */
const UPLOAD_GRACE = 30_000;

/**
 * Milliseconds without a new request after which a listener is left, and how long that is tried. Short,
 * for requests may come in bursts: at the beginning of a pause the next is furthest.
 */
const QUIET_MOMENT = 20;
const QUIET_TIMEOUT = 2 * UPLOAD_GRACE;

/** Milliseconds before a lost listener is opened again, doubled while it is lost again at once. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;
/** Milliseconds without a request served after which a lost listener is the supervisor's affair. */
const RECOVERY_TIMEOUT = 5_000;

/** A listener, and what is being uploaded by way of it. */
interface Listener {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly uploads: Uploads;
}

/** What a request server is started with. */
export interface RequestServerOptions extends RequestTrackerOptions {
  readonly config: RequestTrackerOptions["config"] & Pick<WorkerConfig, "listen" | "handsOver">;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate?: CertificatePair | undefined;
  /** Connections could not be accepted, for that reason; the listener is opened again. */
  readonly onListenerLost: (reason: string) => void;
  /** It was lost again and again: somebody had better replace the worker. */
  readonly onUnrecovered: (reason: string) => void;
}

/** A listener with the proxy's handler behind it. */
export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #tracker: RequestTracker;
  /** Ends of servers that another has replaced, while requests still run on them. */
  readonly #retired = new Set<Promise<void>>();
  #certificate: CertificatePair | undefined;
  #listener: Listener;
  #closing = false;
  /** When the listener was lost, until a request is served again. */
  #lostAt: number | undefined;
  #pause = FIRST_PAUSE;

  /** @throws {Deno.errors.AddrInUse} and what else `Deno.serve` throws when it cannot listen */
  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#tracker = new RequestTracker(options);
    this.#certificate = options.certificate;
    this.#listener = this.#open(options.certificate);
  }

  /**
   * Serves new connections with another certificate. `Deno.serve` cannot change its own, so a second
   * server takes the port beside the first, which then lets its running requests end.
   *
   * @throws {Error} when the second cannot listen; the first then stays
   */
  useCertificate(certificate: CertificatePair): void {
    if (this.#tracker.isDraining || this.#closing) return;
    const old = this.#listener;
    this.#listener = this.#open(certificate);
    this.#certificate = certificate;
    this.#retire(retire(old));
  }

  /** Serves new requests so from now on. Those that run go on with what they began with. */
  reload(changed: Pick<RequestServerOptions, "config" | "deps">): void {
    this.#tracker.reload(changed);
  }

  /**
   * Refuses new requests, and resolves once the running ones have ended. The listener stays open, so
   * that a load balancer reads "not ready" and a late client a 503 rather than a reset.
   */
  async drain(): Promise<void> {
    await this.#tracker.drain();
  }

  /**
   * Closes the listener once no upload needs it, for another process listens on the port, and resolves
   * when no request runs any more. A connection that was accepted in the last moment has its request
   * served, if that comes at once.
   */
  async leave(): Promise<void> {
    this.#closing = true;
    this.#tracker.leave();
    await pause(LEAVING_TIME);
    await this.#quietMoment();
    const closed = Promise.all([...this.#retired, this.#listener.server.shutdown()]);
    do await this.#tracker.ended(); while (
      !await within(SHUTDOWN_GRACE, closed) && this.#tracker.isBusy
    );
  }

  /** Closes the listener, and connections that have no request. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = Promise.all([...this.#retired, this.#listener.server.shutdown()]);
    await within(SHUTDOWN_GRACE, closed);
  }

  /** Ends what still runs: see {@linkcode RequestTracker.cutOff}. */
  async cutOff(): Promise<void> {
    await this.#tracker.cutOff();
  }

  /**
   * Waits until no upload runs and no request has begun for a moment. When Deno shuts down, it closes
   * connections whose first request is on its way: clients that made a connection for each request met
   * with that 9 times in 23,700, over five handovers on two busy cores. Those that keep connections
   * have moved to the successor by now.
   */
  async #quietMoment(): Promise<void> {
    const { uploads } = this.#listener;
    const asked = performance.now();
    for (let seen = -1, waited = 0; waited < QUIET_TIMEOUT; waited = performance.now() - asked) {
      const isUploading = uploads.areRunning && waited < UPLOAD_GRACE;
      if (this.#tracker.begun === seen && !isUploading) return;
      seen = this.#tracker.begun;
      await pause(QUIET_MOMENT);
    }
  }

  #open(certificate: CertificatePair | undefined): Listener {
    const uploads = new Uploads();
    const { listen, handsOver } = this.#options.config;
    const isReplaced = certificate !== undefined || handsOver;
    const server = Deno.serve({
      ...listen,
      ...certificate,
      reusePort: true,
      automaticCompression: false,
      onListen: () => {},
      onError: bodyFailed,
    }, (request, info) => {
      this.#lostAt = undefined;
      const answer = this.#tracker.handle(request, info);
      return isReplaced ? uploads.watch(request, answer) : answer;
    });
    const listener = { server, uploads };
    server.finished.then(
      () => this.#finished(listener, "Deno.serve ended"),
      (error) => this.#finished(listener, String(error)),
    );
    return listener;
  }

  /** Remembers the end of a server that another has replaced. */
  #retire(end: Promise<void>): void {
    const ended = end.finally(() => this.#retired.delete(ended));
    this.#retired.add(ended);
  }

  /**
   * `Deno.serve` ends for good where accepting fails, above all when the process has as many files
   * open as it may, and takes the worker along unless its promise is handled. Shutting it down closes
   * the idle connections, which are what fills the process up, and uploads, but lets answers run on;
   * then there is room to listen again. Guarded by `tests/integration/hostile_descriptors_test.ts`.
   */
  #finished(listener: Listener, reason: string): void {
    if (listener !== this.#listener || this.#closing) return;
    this.#options.onListenerLost(reason);
    this.#retire(listener.server.shutdown());
    this.#reopen(listener, reason);
  }

  #reopen(lost: Listener, reason: string): void {
    const now = performance.now();
    this.#pause = this.#lostAt === undefined
      ? FIRST_PAUSE
      : Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#lostAt ??= now;
    if (now - this.#lostAt > RECOVERY_TIMEOUT) return this.#options.onUnrecovered(reason);
    setTimeout(() => {
      if (this.#listener !== lost || this.#closing) return;
      try {
        this.#listener = this.#open(this.#certificate);
      } catch (error) {
        this.#reopen(lost, String(error));
      }
    }, this.#pause);
  }
}

/**
 * Shuts a listener down when no upload needs it any more: Deno 2.9.6 breaks off every request body
 * when it shuts down (see `docs/runtime/04-shutdown-cuts-bodies.ts`; guarded by
 * `tests/wire/shutdown_test.ts`). Until then new connections may come by way of it, and are shown its
 * certificate, which is still good.
 */
async function retire({ server, uploads }: Listener): Promise<void> {
  if (uploads.areRunning) await within(UPLOAD_GRACE, uploads.ended());
  await server.shutdown();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((later) => setTimeout(later, milliseconds));
}

/** A response's body failed, since the handler never does. `Deno.serve` ignores the response. */
function bodyFailed(error: unknown): Response {
  if (!(error instanceof AnswerCut)) console.error(error);
  return new Response(null, { status: 500 });
}
