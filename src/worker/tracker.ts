import { handleRequest, type ProxyDeps } from "../proxy/handler.ts";
import type { Lifecycle } from "../proxy/lifecycle.ts";
import { Slots } from "../time/slots.ts";
import type { Relay } from "../proxy/websocket/relay.ts";
import { RequestWatch } from "./recorder.ts";
import type { RequestRecord, WorkerConfig } from "../ipc/messages.ts";

/** Milliseconds that WebSocket clients get to answer that we go away. */
export const CUT_OFF_TIMEOUT = 2_000;

/** What a request tracker is made from. */
export interface RequestTrackerOptions {
  readonly config: Pick<WorkerConfig, "worker" | "recordHeaders" | "abortTellsDeparture">;
  readonly deps: ProxyDeps;
  /** A request has begun or ended; so many run now. */
  readonly onInFlight: (inFlight: number) => void;
  /** Called once a request, at its end. */
  readonly onRecord: (record: RequestRecord) => void;
}

/** The proxy's handler, with every request it runs known until its response is out. */
export class RequestTracker implements Lifecycle {
  readonly #options: RequestTrackerOptions;
  readonly #running = new Slots<RequestWatch>();
  readonly #webSockets = new Set<Relay>();
  readonly #idle = Promise.withResolvers<void>();
  #deps: ProxyDeps;
  #recordHeaders: boolean;
  #draining = false;

  constructor(options: RequestTrackerOptions) {
    this.#options = options;
    this.#recordHeaders = options.config.recordHeaders;
    this.#deps = options.deps;
  }

  /** Whether new requests are refused. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** Serves new requests so from now on. Those that run go on with what they began with. */
  reload(deps: ProxyDeps, recordHeaders: boolean): void {
    this.#deps = deps;
    this.#recordHeaders = recordHeaders;
  }

  /** Answers a request of `Deno.serve`. */
  async handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const watch = new RequestWatch(request);
    const slot = this.#running.add(watch);
    this.#options.onInFlight(this.#running.size);
    const response = await handleRequest(request, watch.outcome, this.#deps, this);
    watch.answered(response, this.#recordHeaders);
    const { abortTellsDeparture } = this.#options.config;
    const departed = () => abortTellsDeparture && request.signal.aborted;
    const ended = watch.outcome.session ?? info.completed;
    ended.then(
      () => this.#end(slot, watch, departed() ? "client" : undefined),
      () => this.#end(slot, watch, "client"),
    );
    return response;
  }

  /** A WebSocket session has begun; it is closed at the latest by {@linkcode cutOff}. */
  opened(session: Relay): void {
    this.#webSockets.add(session);
    void session.closed.finally(() => this.#webSockets.delete(session));
  }

  /** Refuses new requests, and resolves once the running ones have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#running.size > 0) await this.#idle.promise;
  }

  /**
   * Reports every request that still runs as cut off, and closes every WebSocket as a server that
   * goes away does (RFC 6455 §7.4.1).
   */
  async cutOff(): Promise<void> {
    for (const [slot, watch] of this.#running.entries()) this.#end(slot, watch, "proxy");
    const relays = [...this.#webSockets];
    for (const relay of relays) relay.close({ code: 1001, reason: "The proxy is shutting down" });
    await Promise.all(relays.map(({ closed }) => closed));
  }

  #end(slot: number, watch: RequestWatch, aborted: RequestRecord["aborted"]): void {
    if (!this.#running.delete(slot, watch)) return;
    this.#options.onInFlight(this.#running.size);
    this.#options.onRecord(
      watch.record(this.#options.config.worker, aborted, this.#recordHeaders),
    );
    if (this.#running.size === 0 && this.#draining) this.#idle.resolve();
  }
}
