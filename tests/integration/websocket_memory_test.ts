import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
// @ts-types="@types/ws"
import type { WebSocket } from "ws";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { closed, connect, messages } from "../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";

const MEGABYTE = 2 ** 20;
const MESSAGE_BYTES = MEGABYTE / 4;
const MESSAGES = 2000; // 500 MB in all.
const linux = Deno.build.os === "linux"; // Resident memory is read from /proc.

/** Sends messages one after the other, each once the kernel has taken the last; counts them. */
class Sender {
  sent = 0;
  readonly hash = createHash("sha256");
  readonly done: Promise<void>;

  constructor(socket: WebSocket) {
    this.done = this.#run(socket);
  }

  async #run(socket: WebSocket): Promise<void> {
    for (; this.sent < MESSAGES; this.sent++) {
      const message = Buffer.alloc(MESSAGE_BYTES, `${this.sent} `);
      this.hash.update(message);
      const failed = await new Promise((taken) => socket.send(message, taken));
      if (failed) return;
    }
  }

  /** Resolves when no message has been taken for half a second: somebody holds it back. */
  async stalled(): Promise<void> {
    for (let before = -1, same = 0; same < 5;) {
      same = this.sent === before ? same + 1 : 0;
      before = this.sent;
      await new Promise((look) => setTimeout(look, 100));
    }
  }
}

Deno.test({
  name: "a client that does not read holds the upstream back, within 64 MB, and misses nothing",
  ignore: !linux,
  fn: async () => {
    await using upstream = await WebSocketUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--workers", "1"],
    });
    const socket = await connect(proxy.url);
    const session = await upstream.nextSession();
    const idle = proxy.rssBytes();
    socket.pause();
    const sender = new Sender(session.socket);
    await sender.stalled();
    const held = sender.sent * MESSAGE_BYTES;
    assert.ok(held < 64 * MEGABYTE, `the upstream could send ${held} bytes`);
    assertNear(proxy.rssBytes(), idle, "while the client does not read");

    const received = createHash("sha256");
    const all = messages(socket, MESSAGES, 60_000);
    socket.on("message", (data) => received.update(data as Buffer));
    socket.resume();
    await all;
    await sender.done;
    assert.equal(received.digest("hex"), sender.hash.digest("hex"));
    socket.terminate();
  },
});

Deno.test({
  name: "a client that outpaces its upstream by more than 64 MB is cut off",
  ignore: !linux,
  fn: async () => {
    await using upstream = await WebSocketUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--workers", "1"],
    });
    const socket = await connect(proxy.url);
    const session = await upstream.nextSession();
    const idle = proxy.rssBytes();
    session.socket.pause();
    const ended = closed(socket);
    const sender = new Sender(socket);
    let most = 0;
    const watch = setInterval(() => most = Math.max(most, proxy.rssBytes()), 20);
    const end = await ended;
    clearInterval(watch);
    // What is still on its way from the client may reset the connection before it reads the 1013.
    assert.ok(end.code === 1013 || end.code === 1006, `${end.code}`);
    await proxy.waitForLine(/status=101.*The upstream reads too slowly/);
    await sender.done;
    assert.ok(sender.sent < MESSAGES / 2, `${sender.sent} messages were taken`);
    assertNear(most, idle, "at most", 200 * MEGABYTE);
    session.socket.resume();
    assert.equal((await closed(session.socket)).code, 1006);
  },
});

function assertNear(bytes: number, idle: number, when: string, allowed = 64 * MEGABYTE): void {
  const grown = Math.round((bytes - idle) / MEGABYTE);
  console.log(`resident memory ${when}: idle ${Math.round(idle / MEGABYTE)} MiB, +${grown} MiB`);
  assert.ok(bytes - idle < allowed, `grew by ${grown} MiB ${when}`);
}
