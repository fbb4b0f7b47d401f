/**
 * What the upstreams answer: whole messages of the Anthropic dialect, because some contenders read
 * them and do not pass on what lacks a field.
 *
 * @module
 */

/** Bytes of a large answer, 32 MiB. */
export const LARGE_BYTES = 32 * 1024 * 1024;
/** What a request says that wants one. */
export const LARGE_ANSWER = "a large answer";

const USAGE = { input_tokens: 9, output_tokens: 9 };
const MESSAGE = { id: "msg_0123456789", type: "message", role: "assistant", model: "bench" };

/**
 * A message as JSON.
 *
 * @param bytes its length
 */
export function answer(bytes: number): string {
  const withText = (text: string) =>
    JSON.stringify({
      ...MESSAGE,
      content: [{ type: "text", text }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: USAGE,
    });
  return withText("x".repeat(bytes - withText("").length));
}

/** The first event of a stream. */
export const FIRST_EVENT: string = `event: message_start\ndata: ${
  JSON.stringify({
    type: "message_start",
    message: { ...MESSAGE, content: [], stop_reason: null, stop_sequence: null, usage: USAGE },
  })
}\n\n`;
