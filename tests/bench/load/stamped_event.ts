/**
 * Events that carry the time at which they were sent, between two marks that occur nowhere else in a
 * response, so that a reader finds it whatever framing and white space a proxy puts around it.
 *
 * @module
 */

/** `@`: before and after the stamp. */
const MARK = 0x40;
const ZERO = 0x30;
/** Digits of microseconds since the epoch until the year 2286. */
const DIGITS = 16;

/** Bytes of one event, without the framing of the transfer coding. */
export const EVENT_BYTES = 200;

const HEAD = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,' +
  '"delta":{"type":"text_delta","text":"@';
const TAIL = '@"}}\n\n';
const TEXT = " words and words and words and words and words and words and words and words";

/** Microseconds since the epoch, on a clock that the processes of one machine share. */
export function nowMicroseconds(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** One event as a chunk of the chunked coding, to be stamped and sent again and again. */
export class StampedEvent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #stampAt: number;

  constructor() {
    const padding = EVENT_BYTES - HEAD.length - DIGITS - TAIL.length;
    const event = HEAD + "0".repeat(DIGITS) + TAIL.replace("@", `@${TEXT.slice(0, padding)}`);
    const size = `${EVENT_BYTES.toString(16)}\r\n`;
    this.bytes = new TextEncoder().encode(`${size}${event}\r\n`);
    this.#stampAt = size.length + HEAD.length;
  }

  /** Writes the time into {@linkcode bytes}. */
  stamp(microseconds: number): void {
    let rest = microseconds;
    for (let at = this.#stampAt + DIGITS - 1; at >= this.#stampAt; at--) {
      const tenth = Math.floor(rest / 10);
      this.bytes[at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
  }
}

/** Finds the stamps in a response, however it arrives in pieces. */
export class StampReader {
  /** Events so far, readable or not. */
  count = 0;
  /** Digits of the stamp being read; -1 outside of one. */
  #digits = -1;
  #value = 0;

  /**
   * Takes more of a response.
   *
   * @param onStamp called with the microseconds of each event; not for a stamp that the framing cuts
   * in two, whose event counts all the same
   */
  push(bytes: Uint8Array, onStamp: (microseconds: number) => void): void {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#digits < 0) {
        at = bytes.indexOf(MARK, at);
        if (at < 0) return;
        this.#digits = this.#value = 0;
        continue;
      }
      const byte = bytes[at]!;
      if (byte === MARK) this.#end(onStamp);
      else this.#take(byte - ZERO);
    }
  }

  #take(digit: number): void {
    if (digit < 0 || digit > 9) this.#digits = NaN;
    this.#digits++;
    this.#value = this.#value * 10 + digit;
  }

  #end(onStamp: (microseconds: number) => void): void {
    this.count++;
    if (this.#digits === DIGITS) onStamp(this.#value);
    this.#digits = -1;
  }
}
