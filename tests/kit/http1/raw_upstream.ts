import type { ConnectionEnd } from "./byte_reader.ts";
import { Condition } from "../time/condition.ts";
import { withDeadline } from "../time/deadline.ts";
import type { RecordedRequest } from "./recorded_request.ts";
import { type Handler, UpstreamConnection } from "./upstream_connection.ts";

export type { Handler } from "./upstream_connection.ts";

/** How an upstream listens. */
export interface UpstreamOptions {
  /** @default {"127.0.0.1"} */
  hostname?: string;
  /** @default {0}, the system picks one */
  port?: number;
  /** PEM certificate and key; plain TCP without. Offers `http/1.1` unless told otherwise. */
  tls?: { cert: string; key: string; alpnProtocols?: string[] };
}

/** Reads the body, answers 200 with "ok" and keeps the connection. */
export const answerOk: Handler = async (exchange) => {
  if ((await exchange.readBody()).ended !== "complete") return;
  await exchange.respond({ headers: [["content-type", "text/plain"]], body: "ok" });
};

/**
 * A raw HTTP/1.1 upstream of the test's own. It records every request byte by byte, and whatever
 * breaks the grammar goes to {@linkcode violations}; disposing it fails where there are any.
 *
 * A close by the peer is noticed while a handler runs, as long as no more than one unread piece of
 * body stands before it; a handler that waits for it uses `exchange.peerClosed()`.
 *
 * @example
 * ```ts
 * await using upstream = RawUpstream.start(async (exchange) => {
 *   await exchange.readBody();
 *   await exchange.respond({ status: 529, reason: "Overloaded", body: "{}" });
 * });
 * ```
 */
export class RawUpstream {
  /** Every request whose head was complete, in order. */
  readonly requests: RecordedRequest[] = [];
  /** What was wrong on the wire or in a handler, in order. */
  readonly violations: string[] = [];
  /** Answers requests; a test may change it between them. */
  handler: Handler;
  #listener: Deno.Listener<Deno.Conn>;
  #tls: boolean;
  #accepting: Promise<void>;
  #connections: UpstreamConnection[] = [];
  #running = new Set<Promise<void>>();
  #changed = new Condition();
  #taken = 0;

  private constructor(handler: Handler, options: UpstreamOptions) {
    this.handler = handler;
    this.#tls = options.tls !== undefined;
    this.#listener = listen(options);
    this.#accepting = this.#accept();
  }

  /** Starts to listen. It is ready when this returns; awaiting it does no harm. */
  static start(handler: Handler = answerOk, options: UpstreamOptions = {}): RawUpstream {
    return new RawUpstream(handler, options);
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS. */
  get url(): string {
    return this.#tls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  /** Connections accepted so far. */
  get connectionCount(): number {
    return this.#connections.length;
  }

  /** Connections that have not ended. */
  get openConnectionCount(): number {
    return this.#connections.filter((connection) => connection.end === undefined).length;
  }

  /** The oldest request no call has returned yet, as soon as its head is there. */
  nextRequest(deadlineMs?: number): Promise<RecordedRequest> {
    const index = this.#taken++;
    const what = () => `request ${index + 1}, ${this.#received()}`;
    return this.#changed.until(() => this.requests[index], what, deadlineMs);
  }

  /** Waits until a connection has ended, and tells how. */
  connectionClosed(id: number, deadlineMs?: number): Promise<ConnectionEnd> {
    const what = () => `connection ${id} to end, ${this.#received()}`;
    return this.#changed.until(() => this.#connections[id - 1]?.end, what, deadlineMs);
  }

  /** Waits until no connection is open. */
  async allConnectionsClosed(deadlineMs?: number): Promise<void> {
    const what = () => `every connection to end, ${this.#received()}`;
    const probe = () => this.openConnectionCount === 0 ? true : undefined;
    await this.#changed.until(probe, what, deadlineMs);
  }

  /** Refuses new connections once it resolves; those there are go on. */
  async stopListening(): Promise<void> {
    try {
      this.#listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.#accepting; // The socket listens on until the pending accept is gone.
  }

  /** Ends everything, waits for the handlers, and throws where there are violations. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopListening();
    for (const connection of this.#connections) connection.close();
    await withDeadline(
      Promise.all(this.#running).then(() => undefined),
      5_000,
      "the upstream's handlers to return after their connections were closed",
    );
    if (this.violations.length === 0) return;
    throw new Error(`Violations at the upstream:\n${this.violations.join("\n")}`);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      const connection = new UpstreamConnection(this.#connections.length + 1, conn, {
        handle: (exchange) => this.handler(exchange),
        requestArrived: (request) => this.#record(request),
        violation: (what) => this.violations.push(what),
      });
      this.#connections.push(connection);
      void connection.ended.then(() => this.#changed.notify());
      this.#run(connection.serve());
    }
  }

  #record(request: RecordedRequest): void {
    this.requests.push(request);
    this.#changed.notify();
  }

  #run(work: Promise<void>): void {
    const done = work.finally(() => {
      this.#running.delete(done);
      this.#changed.notify();
    });
    this.#running.add(done);
  }

  #received(): string {
    const lines = this.requests.map((request) => `${request.connectionId}: ${request.startLine}`);
    return `received so far on ${this.connectionCount} connections (${this.openConnectionCount} ` +
      `open): ${JSON.stringify(lines)}, violations: ${JSON.stringify(this.violations)}`;
  }
}

function listen(options: UpstreamOptions): Deno.Listener<Deno.Conn> {
  const { hostname = "127.0.0.1", port = 0, tls } = options;
  if (!tls) return Deno.listen({ hostname, port });
  return Deno.listenTls({ hostname, port, alpnProtocols: ["http/1.1"], ...tls });
}
