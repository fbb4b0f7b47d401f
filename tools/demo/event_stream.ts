/** Waits `ms` milliseconds, or rejects as soon as `signal` aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** One server-sent event, before it is written as text. */
export interface StreamEvent {
  /** The `event:` field, left out where a dialect has none. */
  event?: string;
  /** Written as JSON, except the closing mark of Chat Completions. */
  data: object | "[DONE]";
  /** What is waited for before the event is sent: nothing, the model's first word or the next. */
  after?: "thinking" | "word";
}

/** How fast the model speaks, in milliseconds. */
export interface Pace {
  thinking: number;
  word: number;
  sleep: Sleep;
}

/**
 * Writes events as a `text/event-stream` body at the given pace, each only when
 * the client reads. A client that leaves ends the current wait, and no further
 * event is made.
 *
 * @param events The events in order.
 * @param pace Waiting times.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html}
 */
export function eventStream(
  events: Iterable<StreamEvent>,
  pace: Pace,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = events[Symbol.iterator]();
  const clientGone = new AbortController();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = iterator.next();
      if (next.done) return controller.close();
      const wait = next.value.after === undefined ? 0 : pace[next.value.after];
      if (wait > 0) await pace.sleep(wait, clientGone.signal);
      controller.enqueue(encoder.encode(writeEvent(next.value)));
    },
    cancel() {
      clientGone.abort();
      iterator.return?.();
    },
  }, { highWaterMark: 0 });
}

function writeEvent({ event, data }: StreamEvent): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
