import { handleRequest, type ProxyDeps } from "../proxy/handler.ts";
import type { Lifecycle } from "../proxy/lifecycle.ts";
import { Slots } from "../time/slots.ts";
import type { Relay } from "../proxy/websocket/relay.ts";
import { type RecordConfig, RequestRecorder } from "./recorder.ts";
import type { RequestRecord, WorkerConfig } from "../ipc/messages.ts";

/** Milliseconds that WebSocket clients get to answer that we go away. */
export const CUT_OFF_TIMEOUT = 2_000;

/** What a request tracker is made from. */
export interface RequestTrackerOptions {
  readonly config: RecordConfig & Pick<WorkerConfig, "abortTellsDeparture">;
  readonly deps: ProxyDeps;
  /** A request or a WebSocket has begun or ended; so many run now, WebSockets among them. */
  readonly onInFlight: (inFlight: number, webSockets: number) => void;
  /** Called once a request, at its end. */
  readonly onRecord: (record: RequestRecord) => void;
}

/** The proxy's handler, with every request it runs known until its response is out. */
export class RequestTracker implements Lifecycle {
  readonly #options: RequestTrackerOptions;
  readonly #running = new Slots<RequestRecorder>();
  readonly #webSockets = new Set<Relay>();
  #idle = Promise.withResolvers<void>();
  #config: RequestTrackerOptions["config"];
  #deps: ProxyDeps;
  #draining = false;
  #leaving = false;
  #begun = 0;

  constructor(options: RequestTrackerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#deps = options.deps;
  }

  /** Whether new requests are refused. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** Serves new requests so from now on. Those that run go on with what they began with. */
  reload({ config, deps }: Pick<RequestTrackerOptions, "config" | "deps">): void {
    this.#config = config;
    this.#deps = deps;
  }

  /** Answers a request of `Deno.serve`. */
  async handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    this.#begun++;
    const config = this.#config;
    const recorder = new RequestRecorder(request, config);
    const slot = this.#running.add(recorder);
    this.#tellInFlight();
    const response = await handleRequest(request, recorder.outcome, this.#deps, this);
    // A header of HTTP/1.1; where it has no place, Deno leaves it out.
    if (this.#leaving && response.status !== 101) response.headers.set("connection", "close");
    recorder.answered(response);
    const departed = () => config.abortTellsDeparture && request.signal.aborted;
    const ended = recorder.outcome.session ?? info.completed;
    ended.then(
      () => this.#end(slot, recorder, departed() ? "client" : undefined),
      () => this.#end(slot, recorder, "client"),
    );
    return response;
  }

  /** A WebSocket session has begun; it is closed at the latest by {@linkcode cutOff}. */
  opened(session: Relay): void {
    this.#webSockets.add(session);
    this.#tellInFlight();
    void session.closed.finally(() => {
      this.#webSockets.delete(session);
      this.#tellInFlight();
    });
  }

  /** Refuses new requests, and resolves once the running ones have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.ended();
  }

  /** Serves requests, and asks clients to make others on other connections. */
  leave(): void {
    this.#draining = false;
    this.#leaving = true;
  }

  /** How many requests there have been. */
  get begun(): number {
    return this.#begun;
  }

  /** Whether a request runs. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves once no request runs. */
  async ended(): Promise<void> {
    if (this.#running.size > 0) await this.#idle.promise;
  }

  /**
   * Reports every request that still runs as cut off, and closes every WebSocket as a server that
   * goes away does (RFC 6455 §7.4.1).
   */
  async cutOff(): Promise<void> {
    for (const [slot, recorder] of this.#running.entries()) this.#end(slot, recorder, "proxy");
    const relays = [...this.#webSockets];
    for (const relay of relays) relay.close({ code: 1001, reason: "The proxy is shutting down" });
    await Promise.all(relays.map(({ closed }) => closed));
  }

  #end(slot: number, recorder: RequestRecorder, aborted: RequestRecord["aborted"]): void {
    if (!this.#running.delete(slot, recorder)) return;
    this.#tellInFlight();
    this.#options.onRecord(recorder.record(aborted));
    if (this.#running.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  #tellInFlight(): void {
    this.#options.onInFlight(this.#running.size, this.#webSockets.size);
  }
}
