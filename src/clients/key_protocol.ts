/**
 * How a browser presents its key, which can set no header of a WebSocket's: as a subprotocol, which
 * the `openai` SDK writes so. Nobody means it to be read further on, in whatever letters it comes.
 */
const KEY_PROTOCOL = /^openai-insecure-api-key\./i;
const MAY_HOLD_KEY = /openai-insecure-api-key\./i;

/** What stands in `Sec-WebSocket-Protocol` (RFC 6455 §11.3.4). */
export interface OfferedProtocols {
  /** Subprotocols, in order. */
  readonly protocols: readonly string[];
  /** The key that stood among them, the first if there were several. */
  readonly key: string | undefined;
}

/** Tells the key among subprotocols from the others. */
export function offeredProtocols(header: string | null): OfferedProtocols {
  const offered = (header ?? "").split(",").map((item) => item.trim()).filter((item) =>
    item !== ""
  );
  const protocols = offered.filter((protocol) => !KEY_PROTOCOL.test(protocol));
  const key = offered.find((protocol) => KEY_PROTOCOL.test(protocol));
  return { protocols, key: key === undefined ? undefined : afterKeyProtocol(key) };
}

/** The header less any key, byte for byte where there is none; `undefined` where nothing else is left. */
export function withoutKey(header: string): string | undefined {
  if (!MAY_HOLD_KEY.test(header)) return header;
  return offeredProtocols(header).protocols.join(", ") || undefined;
}

/** A subprotocol's key; any other text as it is. */
export function afterKeyProtocol(text: string): string {
  return text.replace(KEY_PROTOCOL, "");
}
