import { Duplex } from "node:stream";

/** A connection as Node's libraries take it; it is closed with the stream. */
export function duplexOf(conn: Deno.Conn): Duplex {
  return Duplex.fromWeb(conn as unknown as Parameters<typeof Duplex.fromWeb>[0]);
}
