import type { Body } from "./body_reader.ts";
import type { Arrival, ConnectionEnd } from "./byte_reader.ts";
import { concatBytes, toBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";
import { type HeaderList, headerValues } from "./message_head.ts";
import type { RecordedRequest } from "./recorded_request.ts";

/** A response to be written as given. */
export interface ResponseParts {
  /** @default {200} */
  status?: number;
  /** @default {"OK"} */
  reason?: string;
  /** Sent as given; `content-length` follows where neither it nor a transfer-encoding is there. */
  headers?: HeaderList;
  /** Not sent in answer to HEAD, though its length is announced. @default {""} */
  body?: string | Uint8Array;
}

/** One request and its answer in the hands of an upstream's handler; its body is not read yet. */
export class Exchange {
  readonly request: RecordedRequest;
  #connection: Connection;
  #written = false;

  constructor(request: RecordedRequest, connection: Connection) {
    this.request = request;
    this.#connection = connection;
  }

  /** The connection's number, from 1. */
  get connectionId(): number {
    return this.request.connectionId;
  }

  /** Whether the handler has begun to answer. */
  get written(): boolean {
    return this.#written;
  }

  /** Bytes the kernel has accepted on this connection, while a write is held back too. */
  get bytesWritten(): number {
    return this.#connection.writer.bytesWritten;
  }

  /** Reads the whole request body; `ended` is `"cut"` where the peer went away inside it. */
  readBody(deadlineMs?: number): Promise<Body> {
    return this.request.readBody(deadlineMs);
  }

  /** Reads the next piece of the request body, or null after its end. */
  readBodySome(deadlineMs?: number): Promise<Arrival | null> {
    return this.request.readBodySome(deadlineMs);
  }

  /** The next bytes behind the request as they came, null after the end; for upgrades (101). */
  readSome(deadlineMs?: number): Promise<Arrival | null> {
    return this.#connection.reader.readSome(deadlineMs);
  }

  /** Writes exactly these bytes; a string is sent one byte a character. */
  write(content: string | Uint8Array, deadlineMs?: number): Promise<void> {
    this.#written = true;
    return this.#connection.writer.write(content, deadlineMs);
  }

  /** Writes a whole response. It does not read the request's body. */
  respond(parts: ResponseParts = {}, deadlineMs?: number): Promise<void> {
    const { status = 200, reason = "OK", headers = [], body = "" } = parts;
    const content = toBytes(body);
    const fields = [...headers, ...lengthField(status, headers, content.length)];
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = toBytes(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`);
    const sent = this.request.method === "HEAD" ? [head] : [head, content];
    return this.write(concatBytes(sent), deadlineMs);
  }

  /** Writes one chunk of a chunked body, or with no content the last chunk. */
  writeChunk(content: string | Uint8Array = "", deadlineMs?: number): Promise<void> {
    const bytes = toBytes(content);
    const size = toBytes(`${bytes.length.toString(16)}\r\n`);
    return this.write(concatBytes([size, bytes, toBytes("\r\n")]), deadlineMs);
  }

  /**
   * Reads on, past the request's body, until the peer ends the connection.
   *
   * @returns How it did.
   */
  async peerClosed(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<ConnectionEnd> {
    const until = performance.now() + deadlineMs;
    const left = () => until - performance.now();
    await this.request.readBody(left());
    const { reader } = this.#connection;
    while (await reader.more("the peer to end the connection", left()));
    return await withDeadline(reader.ended, left(), "the end of the connection");
  }

  /** Ends the sending direction and goes on receiving. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** Ends the connection with FIN. */
  close(): void {
    this.#connection.close();
  }

  /** Ends the connection with RST (Linux only, see `resetConnection`). */
  reset(): void {
    this.#connection.reset();
  }
}

/** 1xx and 204 may not have the field (RFC 9110 §8.6). */
function lengthField(status: number, headers: HeaderList, length: number): HeaderList {
  const framed = ["content-length", "transfer-encoding"]
    .some((name) => headerValues(headers, name).length > 0);
  return framed || status < 200 || status === 204 ? [] : [["content-length", String(length)]];
}
