// @ts-types="@types/ws"
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Certificate } from "../tls/certificate.ts";
import { Condition } from "../time/condition.ts";

/** How a WebSocket upstream behaves. */
export interface WebSocketUpstreamOptions extends ServerOptions {
  /** Called for every session, with the request that began it. @default {echo} */
  onSession?: (socket: WebSocket, request: IncomingMessage) => void;
  tls?: Certificate;
}

/** Sends every message back as it came. */
export function echo(socket: WebSocket): void {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
}

/** An upstream that speaks WebSocket by the package `ws`. */
export class WebSocketUpstream implements AsyncDisposable {
  /** Every session so far, in order. */
  readonly sessions: { socket: WebSocket; request: IncomingMessage }[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: WebSocketServer;
  readonly #tls: boolean;
  readonly #changed = new Condition();
  #taken = 0;

  private constructor({ onSession = echo, tls, ...options }: WebSocketUpstreamOptions) {
    this.#tls = tls !== undefined;
    this.#server = tls ? createTlsServer(tls) : createServer();
    this.#sockets = new WebSocketServer({ ...options, server: this.#server });
    this.#sockets.on("connection", (socket, request) => {
      socket.on("error", () => {}); // A peer that breaks off; the test looks at the close.
      onSession(socket, request);
      this.sessions.push({ socket, request });
      this.#changed.notify();
    });
  }

  /** Starts to listen on a port of the loopback interface. */
  static async start(options: WebSocketUpstreamOptions = {}): Promise<WebSocketUpstream> {
    const upstream = new WebSocketUpstream(options);
    await new Promise<void>((listening) => upstream.#server.listen(0, "127.0.0.1", listening));
    return upstream;
  }

  /** Its URL, `http:` or with TLS `https:`. */
  get url(): string {
    const address = this.#server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    return this.#tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  }

  /** The oldest session no call has returned yet. */
  nextSession(): Promise<{ socket: WebSocket; request: IncomingMessage }> {
    const index = this.#taken++;
    return this.#changed.until(() => this.sessions[index], `session ${index + 1}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    await new Promise((closed) => this.#sockets.close(closed));
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
