import { LARGE_ANSWER } from "./anthropic_answers.ts";

/** What the upstream wants to know of a request. */
export interface RequestSeen {
  /** Whether it asks for a stream. */
  readonly isStream: boolean;
  /** Whether it asks for a large answer. */
  readonly isLarge: boolean;
  /** Bytes of the body as they came, with their framing. */
  readonly bodyBytes: number;
}

const decoder = new TextDecoder("latin1");
const READ_SIZE = 256 * 1024;
/** Characters of a request in which its wishes are looked for; some contenders put them last. */
const LOOKED_AT = 1024 * 1024;

/** Reads one request after another from a connection, and keeps no bodies. */
export class RequestReader {
  readonly #connection: Pick<Deno.Conn, "read">;
  #buffer = new Uint8Array(16 * 1024);

  constructor(connection: Pick<Deno.Conn, "read">) {
    this.#connection = connection;
  }

  /** The next request, once all of it has come; `undefined` at the end of the connection. */
  async next(): Promise<RequestSeen | undefined> {
    let text = "";
    let received = 0;
    for (;;) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) return undefined;
      const bytes = this.#buffer.subarray(0, count);
      if (text.length < LOOKED_AT) text += decoder.decode(bytes);
      received += count;
      const headEnd = text.indexOf("\r\n\r\n") + 4;
      if (headEnd < 4) continue;
      const bodyBytes = received - headEnd;
      if (isWhole(text.slice(0, headEnd), bodyBytes, bytes)) {
        return {
          isStream: /"stream": ?true/.test(text),
          isLarge: text.includes(LARGE_ANSWER),
          bodyBytes,
        };
      }
      if (this.#buffer.length < READ_SIZE) this.#buffer = new Uint8Array(READ_SIZE);
    }
  }
}

/** Whether a request ends with the bytes that came last. */
function isWhole(head: string, bodyBytes: number, last: Uint8Array): boolean {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return bodyBytes >= Number(length);
  if (!/^transfer-encoding: *chunked/im.test(head)) return true;
  return decoder.decode(last.subarray(-5)) === "0\r\n\r\n";
}
