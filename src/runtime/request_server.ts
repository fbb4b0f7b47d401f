import { handleRequest, type Outcome, type ProxyDeps } from "../proxy/handler.ts";
import type { CertificatePair } from "../tls/certificate.ts";
import type { Relay } from "../proxy/websocket_relay.ts";
import type { WebSocketTransport } from "../proxy/websocket.ts";
import type { RequestRecord, WorkerConfig } from "./messages.ts";

/** Milliseconds that connections without a request get to close once the last response is out. */
const SHUTDOWN_GRACE = 250;

/** What a request server is started with. */
export interface RequestServerOptions {
  readonly config: Pick<WorkerConfig, "worker" | "listen" | "abortTellsDeparture">;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate?: CertificatePair | undefined;
  /** The request path's dependencies; draining is the server's own affair. */
  readonly deps: Omit<ProxyDeps, "isDraining" | "webSockets">;
  /** Opens connections to the upstream for WebSockets; without it they are refused. */
  readonly dial?: WebSocketTransport["dial"];
  /** Called once a request, at its end. */
  readonly onRecord: (record: RequestRecord) => void;
}

/** A listener with the proxy's handler behind it. */
export class RequestServer {
  readonly #listen: WorkerConfig["listen"];
  readonly #worker: number;
  readonly #abortTellsDeparture: boolean;
  readonly #deps: ProxyDeps;
  readonly #onRecord: (record: RequestRecord) => void;
  readonly #webSockets = new Set<Relay>();
  readonly #idle = Promise.withResolvers<void>();
  #server: Deno.HttpServer<Deno.NetAddr>;
  /** Ends of servers whose certificate was replaced, while requests still run on them. */
  readonly #retired = new Set<Promise<void>>();
  #inFlight = 0;
  #draining = false;

  /** @throws {Deno.errors.AddrInUse} and what else `Deno.serve` throws when it cannot listen */
  constructor({ config, certificate, deps, dial, onRecord }: RequestServerOptions) {
    this.#listen = config.listen;
    this.#worker = config.worker;
    this.#abortTellsDeparture = config.abortTellsDeparture;
    this.#onRecord = onRecord;
    this.#deps = {
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
    this.#server = this.#open(certificate);
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

  /**
   * Refuses new requests, lets the running ones end, then closes the listener. It stays open until
   * then, so that a load balancer reads "not ready" and a late client a 503 rather than a reset.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#inFlight > 0) await this.#idle.promise;
    const { promise: grace, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, SHUTDOWN_GRACE);
    await Promise.race([Promise.all([...this.#retired, this.#server.shutdown()]), grace]);
    clearTimeout(timer);
  }

  /** Closes every WebSocket as a server that goes away does (RFC 6455 §7.4.1). */
  async cutOff(): Promise<void> {
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
      ...this.#listen,
      ...certificate,
      reusePort: true,
      automaticCompression: false,
      onListen: () => {},
    }, (request, info) => this.#serve(request, info));
  }

  async #serve(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const started = performance.now();
    const outcome: Outcome = {};
    const { method } = request;
    const requestBytes = contentLength(request.headers);
    this.#inFlight++;
    const response = await handleRequest(request, outcome, this.#deps);
    const { status } = response;
    const responseBytes = contentLength(response.headers);
    const firstByteMs = performance.now() - started;
    const end = (aborted: boolean) => {
      this.#onRecord({
        worker: this.#worker,
        method,
        path: outcome.path,
        status,
        firstByteMs,
        totalMs: performance.now() - started,
        requestBytes,
        responseBytes,
        client: outcome.verdict,
        aborted,
        code: outcome.code,
        detail: outcome.detail,
      });
      if (--this.#inFlight === 0 && this.#draining) this.#idle.resolve();
    };
    const departed = () => this.#abortTellsDeparture && request.signal.aborted;
    const ended = outcome.session ?? info.completed;
    ended.then(() => end(departed()), () => end(true));
    return response;
  }
}

function contentLength(headers: Headers): number | undefined {
  const value = headers.get("content-length");
  return value === null ? undefined : Number(value);
}
