/** What the demo reads of an event, in Anthropic's dialect or the Responses API's. */
interface AnswerEvent {
  type: string;
  delta?: string | { text?: string };
}

const CLOSING_EVENTS = ["message_stop", "response.completed"];

/**
 * The pieces of text of a streamed Claude message or OpenAI response, as they arrive.
 *
 * @param body A `text/event-stream` body.
 * @throws {Error} where the stream ends before the answer does
 */
export async function* answerPieces(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let closed = false;
  for await (const event of answerEvents(body)) {
    if (CLOSING_EVENTS.includes(event.type)) closed = true;
    const piece = typeof event.delta === "string" ? event.delta : event.delta?.text;
    if (piece !== undefined) yield piece;
  }
  if (!closed) throw new Error("The stream ended before the answer was complete");
}

async function* answerEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<AnswerEvent> {
  let unfinished = "";
  // The cast is for the DOM's type of TextDecoderStream, whose input is any buffer source.
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array, string>;
  for await (const text of body.pipeThrough(decoder)) {
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}
