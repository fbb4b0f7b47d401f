import { BodyReader } from "./body_reader.ts";
import type { Body, BodyEnd } from "./body_reader.ts";
import type { Arrival } from "./byte_reader.ts";
import { type Bytes, latin1Text } from "./bytes.ts";
import { Condition } from "../time/condition.ts";
import type { Connection } from "./connection.ts";
import { requestFraming } from "./framing.ts";
import { type HeaderList, headerValues, type RequestHead } from "./message_head.ts";

/** One request as the upstream received it; its body grows while the handler reads it. */
export class RecordedRequest implements RequestHead {
  readonly startLine: string;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** In the order and case of the wire. */
  readonly headers: HeaderList;
  readonly rawHead: Bytes;
  /** Counts the upstream's connections from 1. */
  readonly connectionId: number;
  /** When its head was complete, in milliseconds of `performance.now()`. */
  readonly receivedAt: number = performance.now();
  #body: BodyReader;
  #progress = new Condition();

  constructor(head: RequestHead, connectionId: number, connection: Connection) {
    this.startLine = head.startLine;
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.headers = head.headers;
    this.rawHead = head.rawHead;
    this.connectionId = connectionId;
    this.#body = new BodyReader(connection.reader, requestFraming(head.headers));
  }

  /** Whether the body came in the chunked coding. */
  get chunked(): boolean {
    return this.#body.framing.kind === "chunked";
  }

  /** The body as far as it was read. */
  get body(): Bytes {
    return this.#body.received;
  }

  /** {@linkcode body}, one character a byte. */
  get bodyText(): string {
    return latin1Text(this.body);
  }

  /** How the body ended, or undefined while it has not been read to its end. */
  get ended(): BodyEnd | undefined {
    return this.#body.ended;
  }

  /** Trailers, once a chunked body was read to its end. */
  get trailers(): HeaderList {
    return this.#body.trailers;
  }

  /** Every value of a header, in order. */
  values(name: string): string[] {
    return headerValues(this.headers, name);
  }

  /** Waits until the handler has read the body to its end, a cut one too. */
  whenBodyEnded(deadlineMs?: number): Promise<BodyEnd> {
    const what = () => `the body of ${this.startLine}, ${this.body.length} bytes received so far`;
    return this.#progress.until(() => this.ended, what, deadlineMs);
  }

  /** Reads the rest and returns the whole body; for the upstream's handler. */
  async readBody(deadlineMs?: number): Promise<Body> {
    try {
      return await this.#body.readAll(deadlineMs);
    } finally {
      this.#progress.notify();
    }
  }

  /** Reads the next piece, null after the end; for the upstream's handler. */
  async readBodySome(deadlineMs?: number): Promise<Arrival | null> {
    const piece = await this.#body.readSome(deadlineMs);
    this.#progress.notify();
    return piece;
  }
}
