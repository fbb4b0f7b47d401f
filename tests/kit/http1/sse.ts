import { type Bytes, concatBytes } from "./bytes.ts";

/** One server-sent event, and when its last byte arrived. */
export interface SseEvent {
  /** The `event` field. @default {"message"} */
  event: string;
  /** The `data` lines, joined by newlines; empty for a comment. */
  data: string;
  /** The `id` field, where there is one. */
  id?: string;
  /** Exactly the bytes, the empty line included. */
  raw: Bytes;
  /** Milliseconds of `performance.now()`. */
  at: number;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits a byte stream into server-sent events as they become complete: at an empty line, with LF
 * or CRLF. Lines ended by CR alone, which the specification also allows, are not known to it.
 * A block of comments comes out as an event without data, so that pings can be timed.
 */
export class SseReader {
  #pending: Bytes = new Uint8Array();

  /** Bytes of an event that is not complete. */
  get pending(): Bytes {
    return this.#pending;
  }

  /** Takes more bytes and returns the events they complete, in order. */
  push(bytes: Uint8Array, at: number = performance.now()): SseEvent[] {
    this.#pending = concatBytes([this.#pending, bytes]);
    const events: SseEvent[] = [];
    for (let end = eventLength(this.#pending); end > 0; end = eventLength(this.#pending)) {
      events.push(parseEvent(this.#pending.slice(0, end), at));
      this.#pending = this.#pending.subarray(end);
    }
    return events;
  }
}

/** Length of the first event with its empty line, or 0 while it is incomplete. */
function eventLength(bytes: Bytes): number {
  let lineStart = 0;
  for (let feed = bytes.indexOf(LF); feed !== -1; feed = bytes.indexOf(LF, lineStart)) {
    const lineLength = feed - lineStart - (bytes[feed - 1] === CR && feed > lineStart ? 1 : 0);
    if (lineLength === 0) return feed + 1;
    lineStart = feed + 1;
  }
  return 0;
}

function parseEvent(raw: Bytes, at: number): SseEvent {
  const fields = new TextDecoder().decode(raw).split(/\r?\n/).map(parseField);
  const values = (wanted: string) =>
    fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const id = values("id").at(-1);
  return {
    event: values("event").at(-1) ?? "message",
    data: values("data").join("\n"),
    ...(id !== undefined && { id }),
    raw,
    at,
  };
}

function parseField(line: string): [name: string, value: string] {
  const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
  return [name, value];
}
