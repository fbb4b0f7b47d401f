import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { resetConnection } from "./tcp_reset.ts";

/** One TCP or TLS connection with its two halves; closing it twice is fine. */
export class Connection {
  readonly reader: ByteReader;
  readonly writer: ByteWriter;
  #conn: Deno.Conn;
  #closed = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.reader = new ByteReader(conn);
    this.writer = new ByteWriter(conn);
  }

  /** Whether this side has closed or reset it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends both directions with FIN. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  /** Ends the sending direction with FIN (`close_notify` under TLS) and goes on receiving. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Ends both directions with RST; see {@linkcode resetConnection} for what it needs. */
  reset(): void {
    if (this.#closed) return;
    resetConnection(this.#conn);
    this.close();
  }
}
