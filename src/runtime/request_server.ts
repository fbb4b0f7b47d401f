import { handleRequest, type ProxyDeps } from "../proxy/handler.ts";
import type { Relay } from "../proxy/websocket_relay.ts";
import type { WebSocketTransport } from "../proxy/websocket.ts";
import type { CertificatePair } from "../tls/certificate.ts";
import { RequestWatch } from "./access_record.ts";
import type { RequestRecord, WorkerConfig } from "./messages.ts";

/** Milliseconds that connections without a request get to close once the last response is out. */
const SHUTDOWN_GRACE = 250;

/** The request path's dependencies; draining and WebSockets are the server's own affair. */
export interface ServerDeps extends Omit<ProxyDeps, "isDraining" | "webSockets"> {
  /** Opens connections to the upstream for WebSockets; without it they are refused. */
  readonly dial?: WebSocketTransport["dial"];
}

/** What a request server is started with. */
export interface RequestServerOptions {
  readonly config: Pick<
    WorkerConfig,
    "worker" | "listen" | "recordHeaders" | "abortTellsDeparture"
  >;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate?: CertificatePair | undefined;
  readonly deps: ServerDeps;
  /** A request has begun or ended; so many run now. */
  readonly onInFlight: (inFlight: number) => void;
  /** Called once a request, at its end. */
  readonly onRecord: (record: RequestRecord) => void;
}

/** A listener with the proxy's handler behind it. */
export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #running = new Set<RequestWatch>();
  readonly #webSockets = new Set<Relay>();
  readonly #idle = Promise.withResolvers<void>();
  #server: Deno.HttpServer<Deno.NetAddr>;
  /** Ends of servers whose certificate was replaced, while requests still run on them. */
  readonly #retired = new Set<Promise<void>>();
  #deps: ProxyDeps;
  #recordHeaders: boolean;
  #draining = false;

  /** @throws {Deno.errors.AddrInUse} and what else `Deno.serve` throws when it cannot listen */
  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#recordHeaders = options.config.recordHeaders;
    this.#deps = this.#complete(options.deps);
    this.#server = this.#open(options.certificate);
  }

  /**
   * Serves new connections with another certificate. `Deno.serve` cannot change its own, so a second
   * server takes the port beside the first, which then lets its running requests end.
   *
   * @throws {Error} when the second cannot listen; the first then stays
   */
  useCertificate(certificate: CertificatePair): void {
    if (this.#draining) return;
    const old = this.#server;
    this.#server = this.#open(certificate);
    const ended = old.shutdown().finally(() => this.#retired.delete(ended));
    this.#retired.add(ended);
  }

  /** Serves new requests so from now on. Those that run go on with what they began with. */
  reload(deps: ServerDeps, recordHeaders: boolean): void {
    this.#deps = this.#complete(deps);
    this.#recordHeaders = recordHeaders;
  }

  /**
   * Refuses new requests, lets the running ones end, then closes the listener. It stays open until
   * then, so that a load balancer reads "not ready" and a late client a 503 rather than a reset.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#running.size > 0) await this.#idle.promise;
    const { promise: grace, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, SHUTDOWN_GRACE);
    await Promise.race([Promise.all([...this.#retired, this.#server.shutdown()]), grace]);
    clearTimeout(timer);
  }

  /**
   * Reports every request that still runs as cut off, and closes every WebSocket as a server that
   * goes away does (RFC 6455 §7.4.1).
   */
  async cutOff(): Promise<void> {
    for (const watch of this.#running) this.#end(watch, "proxy");
    const relays = [...this.#webSockets];
    for (const relay of relays) relay.close({ code: 1001, reason: "The proxy is shutting down" });
    await Promise.all(relays.map(({ closed }) => closed));
  }

  #watch(relay: Relay): void {
    this.#webSockets.add(relay);
    void relay.closed.finally(() => this.#webSockets.delete(relay));
  }

  #open(certificate: CertificatePair | undefined): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({
      ...this.#options.config.listen,
      ...certificate,
      reusePort: true,
      automaticCompression: false,
      onListen: () => {},
    }, (request, info) => this.#serve(request, info));
  }

  #complete({ dial, ...deps }: ServerDeps): ProxyDeps {
    return {
      ...deps,
      isReady: () => !this.#draining && deps.isReady(),
      isDraining: () => this.#draining,
      ...(dial && {
        webSockets: {
          dial,
          accept: Deno.upgradeWebSocket,
          onOpen: (relay) => this.#watch(relay),
        },
      }),
    };
  }

  async #serve(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const watch = new RequestWatch(request);
    this.#running.add(watch);
    this.#options.onInFlight(this.#running.size);
    const response = await handleRequest(request, watch.outcome, this.#deps);
    watch.answered(response);
    const { abortTellsDeparture } = this.#options.config;
    const departed = () => abortTellsDeparture && request.signal.aborted;
    const ended = watch.outcome.session ?? info.completed;
    ended.then(
      () => this.#end(watch, departed() ? "client" : undefined),
      () => this.#end(watch, "client"),
    );
    return response;
  }

  #end(watch: RequestWatch, aborted: RequestRecord["aborted"]): void {
    if (!this.#running.delete(watch)) return;
    this.#options.onInFlight(this.#running.size);
    this.#options.onRecord(
      watch.record(this.#options.config.worker, aborted, this.#recordHeaders),
    );
    if (this.#running.size === 0 && this.#draining) this.#idle.resolve();
  }
}
