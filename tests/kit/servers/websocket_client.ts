// @ts-types="@types/ws"
import { type ClientOptions, WebSocket } from "ws";
import { CLIENT_KEY } from "../process/proxy_process.ts";
import { withDeadline } from "../time/deadline.ts";

/** How a session ended. */
export interface Closed {
  code: number;
  reason: string;
}

/**
 * Opens a WebSocket through the proxy with the package `ws`.
 *
 * @param url the proxy's, `http://127.0.0.1:PORT`
 * @throws {Error} when the handshake is refused
 */
export async function connect(
  url: string,
  options: ClientOptions & { path?: string; protocols?: string[] } = {},
): Promise<WebSocket> {
  const { path = "/openai/v1/responses", protocols = [], ...rest } = options;
  const socket = new WebSocket(url.replace("http", "ws") + path, protocols, {
    headers: { "api-key": CLIENT_KEY },
    maxPayload: 0,
    ...rest,
  });
  const opened = Promise.withResolvers<void>();
  socket.once("open", opened.resolve);
  socket.once("error", opened.reject);
  await withDeadline(opened.promise, 10_000, "the WebSocket to open");
  socket.on("error", () => {}); // The close that follows tells.
  return socket;
}

/** The next `count` messages, as Node buffers. */
export function messages(
  socket: WebSocket,
  count: number,
  deadlineMs = 30_000,
): Promise<{ data: Uint8Array; isBinary: boolean }[]> {
  const received: { data: Uint8Array; isBinary: boolean }[] = [];
  const all = Promise.withResolvers<typeof received>();
  const onMessage = (data: unknown, isBinary: boolean) => {
    received.push({ data: data as Uint8Array, isBinary });
    if (received.length < count) return;
    socket.off("message", onMessage);
    all.resolve(received);
  };
  socket.on("message", onMessage);
  socket.once("close", (code) => all.reject(new Error(`Closed with ${code}`)));
  return withDeadline(all.promise, deadlineMs, () => `${count} messages, got ${received.length}`);
}

/** Waits until a socket is closed. */
export function closed(socket: WebSocket): Promise<Closed> {
  const end = Promise.withResolvers<Closed>();
  socket.once("close", (code, reason) => end.resolve({ code, reason: reason.toString() }));
  return withDeadline(end.promise, 10_000, "the WebSocket to close");
}
