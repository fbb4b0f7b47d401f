import type { Relay } from "./websocket/relay.ts";

/** The server around the handler, as the handler sees it. */
export interface Lifecycle {
  /** Whether new requests are refused because the server is about to end. */
  readonly isDraining: boolean;
  /** A WebSocket session has begun, which the server has to close and wait for at its end. */
  opened(session: Relay): void;
}
