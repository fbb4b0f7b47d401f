import { type HeaderList, headerValues } from "./message_head.ts";

/** Where a message's body ends (RFC 9112 §6.3). */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  | { kind: "until close" };

/**
 * The framing of a request.
 *
 * @throws {Deno.errors.InvalidData} Where its headers contradict one another.
 */
export function requestFraming(headers: HeaderList): Framing {
  return announcedFraming(headers) ?? { kind: "none" };
}

/**
 * The framing of the response to a request of the given method.
 *
 * @throws {Deno.errors.InvalidData} Where its headers contradict one another, or announce a body
 * for a status that has none.
 */
export function responseFraming(status: number, method: string, headers: HeaderList): Framing {
  const announced = announcedFraming(headers);
  if (method === "HEAD" || status === 304) return { kind: "none" };
  if (status >= 200 && status !== 204) return announced ?? { kind: "until close" };
  if (announced) throw new Deno.errors.InvalidData(`Malformed message: ${status} with a body`);
  return { kind: "none" };
}

function announcedFraming(headers: HeaderList): Framing | undefined {
  const codings = headerValues(headers, "transfer-encoding");
  const lengths = headerValues(headers, "content-length");
  if (codings.length + lengths.length > 1) throw contradiction(codings, lengths);
  const [coding] = codings;
  const [length] = lengths;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw contradiction(codings, lengths);
    return { kind: "chunked" };
  }
  if (length === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(length)) throw contradiction(codings, lengths);
  return { kind: "length", length: Number(length) };
}

function contradiction(codings: string[], lengths: string[]): Error {
  return new Deno.errors.InvalidData(
    `Malformed message: expected "chunked" or one number of bytes, got transfer-encoding ${
      JSON.stringify(codings)
    } and content-length ${JSON.stringify(lengths)}`,
  );
}
