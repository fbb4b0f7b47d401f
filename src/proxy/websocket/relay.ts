import { ClientBacklog } from "./client_backlog.ts";
import { type CloseInfo, FrameError, maySend } from "./frames.ts";
import type { UpstreamSocket } from "./upstream_socket.ts";

/**
 * Bytes of memory waiting for the client above which the upstream is not read. A message that is on
 * its way comes on top.
 */
const CLIENT_HIGH_WATER = 1024 * 1024;

/**
 * Bytes of memory waiting for the upstream above which the session is cut off. What
 * `Deno.upgradeWebSocket` gives cannot be paused, so a client that sends faster than the upstream
 * reads can only be ended. It is told with 1013, but what it is still sending may break its connection
 * before it reads that. Some 130,000 small messages count as much; these may come without a turn for
 * anybody else (`docs/runtime/15-websocket-stretch.ts`), in half a second.
 */
const UPSTREAM_LIMIT = 64 * 1024 * 1024;

/** Milliseconds between looks at a client's backlog: no event tells that it has shrunk. */
const LOOK_INTERVAL = 5;

/** Milliseconds that either side gets to answer a close before its connection is ended. */
const CLOSE_TIMEOUT = 5_000;

const NO_STATUS = 1005;

/** A running relay. */
export interface Relay {
  /** Resolves once both sides are closed: with the reason, where neither of them wanted it. */
  readonly closed: Promise<string | undefined>;
  /** Closes both sides. */
  readonly close: (close: CloseInfo) => void;
}

/**
 * Carries messages both ways between a client's WebSocket, not yet open, and the upstream's, until
 * one of them closes; the other is then closed with the same code and reason.
 */
export function relay(downstream: WebSocket, upstream: UpstreamSocket): Relay {
  const session = new Session(downstream, upstream);
  return { closed: session.run(), close: (close) => session.close(close) };
}

class Session {
  readonly #downstream: WebSocket;
  readonly #upstream: UpstreamSocket;
  readonly #backlog = new ClientBacklog();
  readonly #downstreamClosed = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #why: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(downstream: WebSocket, upstream: UpstreamSocket) {
    this.#downstream = downstream;
    this.#upstream = upstream;
    downstream.binaryType = "arraybuffer";
    downstream.onopen = () => this.#opened.resolve();
    downstream.onmessage = ({ data }) => this.#fromClient(data);
    downstream.onclose = ({ code, reason }) => this.#clientClosed(code, reason);
    downstream.onerror = () => this.#opened.resolve(); // A close follows where it was open.
  }

  async run(): Promise<string | undefined> {
    await this.#opened.promise;
    if (this.#downstream.readyState === WebSocket.CONNECTING) {
      this.#upstream.destroy();
      return "the client left during the handshake";
    }
    await this.#pump();
    this.#deadline();
    await this.#downstreamClosed.promise;
    await this.#upstream.end();
    clearTimeout(this.#timer);
    return this.#why;
  }

  close(close: CloseInfo): void {
    this.#why ??= close.reason;
    this.#upstream.close(close);
    this.#closeDownstream(close);
    this.#deadline();
  }

  /** From the upstream to the client, until the upstream has closed. */
  async #pump(): Promise<void> {
    try {
      for (;;) {
        const received = await this.#upstream.receive();
        if (received.kind === "close") return this.#closeDownstream(received.close);
        if (received.kind === "lost") {
          return this.#fail({ code: 1011, reason: "The upstream's connection broke off" });
        }
        if (this.#isBehind) await this.#room();
        if (this.#downstream.readyState !== WebSocket.OPEN) continue;
        this.#downstream.send(received.data);
        this.#backlog.sent(received.data);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      const close = { code: error.code, reason: `The upstream: ${error.message}` };
      this.#upstream.close(close);
      this.#fail(close);
    }
  }

  /** Whether the client has too much to read yet. */
  get #isBehind(): boolean {
    const { bufferedAmount, readyState } = this.#downstream;
    return readyState === WebSocket.OPEN &&
      this.#backlog.cost(bufferedAmount, performance.now()) > CLIENT_HIGH_WATER;
  }

  /** Waits until the client has read enough, or is gone. */
  async #room(): Promise<void> {
    while (this.#isBehind) await new Promise((look) => setTimeout(look, LOOK_INTERVAL));
  }

  #fromClient(data: string | ArrayBuffer): void {
    if (this.#upstream.waitingBytes > UPSTREAM_LIMIT) {
      this.#fail({ code: 1013, reason: "The upstream reads too slowly" });
      return this.#upstream.destroy();
    }
    this.#upstream.send(data);
  }

  /**
   * A client that left without a close frame (code 0 or 1006), or with one that may not be sent,
   * leaves the upstream without one too.
   */
  #clientClosed(code: number, reason: string): void {
    this.#downstreamClosed.resolve();
    const close = { code: code === NO_STATUS ? undefined : code, reason };
    if (!maySend(close)) return this.#upstream.destroy();
    this.#upstream.close(close);
    this.#deadline();
  }

  /** Ends a session that neither side wanted to end. */
  #fail(close: CloseInfo): void {
    if (this.#downstream.readyState === WebSocket.OPEN) this.#why ??= close.reason;
    this.#closeDownstream(close);
  }

  #closeDownstream({ code, reason }: CloseInfo): void {
    if (this.#downstream.readyState !== WebSocket.OPEN) return;
    if (code === undefined) this.#downstream.close();
    else this.#downstream.close(code, reason);
  }

  #deadline(): void {
    this.#timer ??= setTimeout(() => {
      this.#upstream.destroy();
      this.#downstreamClosed.resolve();
    }, CLOSE_TIMEOUT);
  }
}
