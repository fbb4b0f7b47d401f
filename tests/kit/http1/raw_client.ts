import { BodyReader } from "./body_reader.ts";
import type { Body } from "./body_reader.ts";
import type { Arrival, ConnectionEnd } from "./byte_reader.ts";
import { type Bytes, concatBytes, previewBytes, toBytes } from "./bytes.ts";
import { Connection } from "./connection.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";
import { responseFraming } from "./framing.ts";
import {
  type HeaderList,
  parseResponseHead,
  readRawHead,
  type ResponseHead,
} from "./message_head.ts";

/** TLS towards the server. */
export interface ClientTls {
  /** PEM certificates to trust besides the system's. */
  caCerts?: string[];
  /** Protocols to offer; @default {none} */
  alpnProtocols?: string[];
  /** The name for SNI and for the check of the certificate. @default {"localhost"} */
  serverName?: string;
}

/** Where to connect to. */
export interface ClientTarget {
  port: number;
  /** @default {"127.0.0.1"} */
  hostname?: string;
  /** `true` is TLS with the defaults. @default {false} */
  tls?: ClientTls | boolean;
  /** Milliseconds for the connection and its handshake. @default {10_000} */
  deadlineMs?: number;
}

/** How to read a response. */
export interface ResponseOptions {
  /** The request's method: a response to HEAD has no body. @default {"GET"} */
  method?: string;
  /** Milliseconds for the whole of it. @default {10_000} */
  deadlineMs?: number;
  /** Whether bytes after the response are fine, being the next one's. @default {false} */
  pipelined?: boolean;
}

/** A whole response; `bytes` is the decoded body. */
export interface RawResponse extends ResponseHead, Body {
  /** The 1xx responses before it, in order; 101 is not one of them but final. */
  interim: ResponseHead[];
}

/**
 * An HTTP/1.1 client that sends exactly the bytes it is given and fails on every byte a server may
 * not send. A string is sent one byte a character.
 *
 * @example
 * ```ts
 * using client = await RawClient.connect({ port });
 * await client.write("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n");
 * const { status, headers, bytes } = await client.readResponse();
 * ```
 */
export class RawClient {
  /** The protocol the TLS handshake agreed on, or null. */
  readonly alpnProtocol: string | null;
  #connection: Connection;

  private constructor(connection: Connection, alpnProtocol: string | null) {
    this.#connection = connection;
    this.alpnProtocol = alpnProtocol;
  }

  /**
   * Opens a connection, TLS handshake included.
   *
   * @throws {Deno.errors.TimedOut} When that takes longer than the deadline.
   */
  static async connect(target: ClientTarget): Promise<RawClient> {
    const { port, hostname = "127.0.0.1", deadlineMs = DEFAULT_DEADLINE_MS } = target;
    const what = `a connection to ${hostname}:${port}`;
    const tcp = await withDeadline(Deno.connect({ hostname, port }), deadlineMs, what);
    tcp.setNoDelay();
    if (!target.tls) return new RawClient(new Connection(tcp), null);
    const { conn, alpnProtocol } = await startTls(tcp, target.tls, what, deadlineMs);
    return new RawClient(new Connection(conn), alpnProtocol);
  }

  /** Bytes the kernel has accepted so far, while a write is held back too. */
  get bytesWritten(): number {
    return this.#connection.writer.bytesWritten;
  }

  /** How the server ended the connection, once a read has found out. */
  get end(): ConnectionEnd | undefined {
    return this.#connection.reader.end;
  }

  /** Writes exactly these bytes; see `ByteWriter.write`. */
  write(content: string | Uint8Array, deadlineMs?: number): Promise<void> {
    return this.#connection.writer.write(content, deadlineMs);
  }

  /**
   * Reads the head of one response, a 1xx too.
   *
   * @throws {Deno.errors.InvalidData} When it is malformed.
   * @throws {Deno.errors.UnexpectedEof} When the connection ends before or inside it.
   */
  async readHead(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<ResponseHead> {
    const raw = await readRawHead(this.#connection.reader, "a response head", deadlineMs);
    if (raw) return parseResponseHead(raw);
    throw new Deno.errors.UnexpectedEof(
      `Cannot read a response head: the connection ended (${this.end}) before its first byte`,
      { cause: this.#connection.reader.failure },
    );
  }

  /** The body that follows `head`, to be read piece by piece. */
  bodyOf(head: ResponseHead, { method = "GET" }: ResponseOptions = {}): BodyReader {
    const framing = responseFraming(head.status, method, head.headers);
    return new BodyReader(this.#connection.reader, framing);
  }

  /** Reads the whole body that follows `head`; look at `ended` to see whether it was cut. */
  async readBody(head: ResponseHead, options: ResponseOptions = {}): Promise<Body> {
    const body = await this.bodyOf(head, options).readAll(options.deadlineMs);
    if (!options.pipelined) this.#expectNothingBuffered();
    return body;
  }

  /** Reads one response: interim ones, head, body. */
  async readResponse(options: ResponseOptions = {}): Promise<RawResponse> {
    const until = performance.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    const interim: ResponseHead[] = [];
    for (;;) {
      const head = await this.readHead(until - performance.now());
      if (head.status < 200 && head.status !== 101) {
        interim.push(head);
        continue;
      }
      const deadlineMs = until - performance.now();
      return { interim, ...head, ...await this.readBody(head, { ...options, deadlineMs }) };
    }
  }

  /** The next bytes as they came, undecoded, or null after the end of the connection. */
  async readSome(deadlineMs?: number): Promise<Arrival | null> {
    return await this.#connection.reader.readSome(deadlineMs);
  }

  /** Every byte until the server ends the connection; {@linkcode end} tells how it did. */
  async readToEnd(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<Bytes> {
    const { reader } = this.#connection;
    const until = performance.now() + deadlineMs;
    while (await reader.more("the end of the connection", until - performance.now()));
    return reader.take().bytes;
  }

  /**
   * Waits until the server ends the connection.
   *
   * @returns How it did.
   * @throws {Deno.errors.InvalidData} When it sends a byte more before.
   */
  async expectEnd(deadlineMs?: number): Promise<ConnectionEnd> {
    const { reader } = this.#connection;
    this.#expectNothingBuffered();
    await reader.more("the end of the connection", deadlineMs);
    this.#expectNothingBuffered();
    return await reader.ended;
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

  [Symbol.dispose](): void {
    this.close();
  }

  #expectNothingBuffered(): void {
    const { buffered } = this.#connection.reader;
    if (buffered.length === 0) return;
    throw new Deno.errors.InvalidData(
      `Expected nothing after the response, got ${previewBytes(buffered)}`,
    );
  }
}

/** One request to be written as given. */
export interface RequestParts {
  /** @default {"GET"} */
  method?: string;
  /** @default {"/"} */
  target?: string;
  /** Sent as given, none added. @default {`[["Host", "localhost"]]`} */
  headers?: HeaderList;
  /** Sent as given, with no header that announces it. @default {""} */
  body?: string | Uint8Array;
}

/** The bytes of a request, with nothing added to what is given. */
export function formatRequest(parts: RequestParts): Bytes {
  const { method = "GET", target = "/", headers = [["Host", "localhost"]], body = "" } = parts;
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${method} ${target} HTTP/1.1\r\n${fields}\r\n`;
  return concatBytes([toBytes(head), toBytes(body)]);
}

/**
 * One exchange on a connection of its own, which is closed afterwards. Nothing is added to what is
 * given: no Host, no content-length, no `Connection: close`.
 */
export async function request(
  options: ClientTarget & RequestParts & ResponseOptions,
): Promise<RawResponse> {
  using client = await RawClient.connect(options);
  await client.write(formatRequest(options), options.deadlineMs);
  return await client.readResponse(options);
}

async function startTls(
  tcp: Deno.TcpConn,
  tls: ClientTls | true,
  what: string,
  deadlineMs: number,
): Promise<{ conn: Deno.TlsConn; alpnProtocol: string | null }> {
  const { serverName = "localhost", caCerts = [], alpnProtocols } = tls === true ? {} : tls;
  const conn = await Deno.startTls(tcp, {
    hostname: serverName,
    caCerts,
    ...(alpnProtocols && { alpnProtocols }),
  });
  try {
    const handshake = conn.handshake();
    const { alpnProtocol } = await withDeadline(handshake, deadlineMs, `the handshake of ${what}`);
    return { conn, alpnProtocol };
  } catch (error) {
    conn.close();
    throw error;
  }
}
