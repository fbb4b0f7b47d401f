import { Connection } from "./connection.ts";
import type { ConnectionEnd } from "./byte_reader.ts";
import { Exchange } from "./exchange.ts";
import { parseRequestHead, readRawHead } from "./message_head.ts";
import { RecordedRequest } from "./recorded_request.ts";

/** Answers one request; what it throws is a violation, unless the peer has gone. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** What a connection tells the upstream it belongs to. */
export interface ConnectionEvents {
  handle: Handler;
  requestArrived(request: RecordedRequest): void;
  violation(what: string): void;
}

/** One accepted connection: reads requests strictly, one after another, and has them answered. */
export class UpstreamConnection {
  readonly id: number;
  #connection: Connection;
  #events: ConnectionEvents;

  constructor(id: number, conn: Deno.Conn, events: ConnectionEvents) {
    this.id = id;
    if (isTcp(conn)) conn.setNoDelay(); // Every write goes out at once, on its own.
    this.#connection = new Connection(conn);
    this.#events = events;
  }

  /** How the peer ended the connection, or `"closed here"`; undefined while it is open. */
  get end(): ConnectionEnd | undefined {
    return this.#connection.reader.end ?? (this.#connection.closed ? "closed here" : undefined);
  }

  /** Resolves when a read finds the connection's end. */
  get ended(): Promise<ConnectionEnd> {
    return this.#connection.reader.ended;
  }

  /** Ends it from this side. */
  close(): void {
    this.#connection.close();
  }

  /** Serves requests until the connection ends or something is wrong with it. */
  async serve(): Promise<void> {
    try {
      while (await this.#serveOne());
    } catch (error) {
      if (!this.#excusable(error)) this.#events.violation(`connection ${this.id}: ${error}`);
    } finally {
      this.close();
    }
  }

  async #serveOne(): Promise<boolean> {
    const { reader } = this.#connection;
    const raw = await readRawHead(reader, "a request head", Infinity);
    if (!raw) return false;
    const request = new RecordedRequest(parseRequestHead(raw), this.id, this.#connection);
    const exchange = new Exchange(request, this.#connection);
    this.#events.requestArrived(request);
    reader.prefetch();
    await this.#events.handle(exchange);
    if (this.end !== undefined) return false;
    if (!exchange.written) throw new Error(`the handler did not answer ${request.startLine}`);
    return (await request.readBody(Infinity)).ended === "complete";
  }

  /** After the peer or the test has ended the connection, what fails on it is no violation. */
  #excusable(error: unknown): boolean {
    const gone = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.ConnectionAborted;
    const closedHere = error instanceof Deno.errors.BadResource ||
      error instanceof Deno.errors.Interrupted;
    return gone || (closedHere && this.#connection.closed);
  }
}

/** TLS connections have no such option. */
function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}
