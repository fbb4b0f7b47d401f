import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ByteSource } from "../../../../src/net/byte_source.ts";
import { relay } from "../../../../src/proxy/websocket/relay.ts";
import { UpstreamSocket } from "../../../../src/proxy/websocket/upstream_socket.ts";

const MEGABYTE = 2 ** 20;
/** What an empty frame counts while it waits. */
const WAITING_BYTES = 6 + 512;

/** The client's side, as the runtime gives it. */
class FakeClient {
  readonly closes: [code?: number, reason?: string][] = [];
  readonly sent: unknown[] = [];
  readyState: number = WebSocket.CONNECTING;
  bufferedAmount = 0;
  onopen = () => {};
  onmessage: (event: { data: unknown }) => void = () => {};
  onclose: (event: { code: number; reason: string }) => void = () => {};

  send(data: string | Uint8Array): void {
    this.sent.push(data);
    this.bufferedAmount += data.length;
  }

  close(...close: [code?: number, reason?: string]): void {
    this.closes.push(close);
    this.readyState = WebSocket.CLOSING;
  }

  receive(count: number, data: unknown = ""): void {
    for (let index = 0; index < count; index++) this.onmessage({ data });
  }
}

/** An upstream's connection that takes nothing, and brings what it is told to. */
class FakeConn {
  closed = false;
  #brought = Promise.withResolvers<Uint8Array | null>();
  readonly #written = Promise.withResolvers<number>();

  write(): Promise<number> {
    return this.#written.promise;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const bytes = await this.#brought.promise;
    if (bytes === null) return null;
    this.#brought = Promise.withResolvers();
    into.set(bytes);
    return bytes.length;
  }

  bring(bytes: Uint8Array | null): void {
    this.#brought.resolve(bytes);
  }

  close(): void {
    this.closed = true;
    this.bring(null);
    this.#written.promise.catch(() => {}); // Nobody may be writing.
    this.#written.reject(new Deno.errors.Interrupted("closed"));
  }
}

async function session() {
  const client = new FakeClient();
  const conn = new FakeConn();
  const upstream = new UpstreamSocket(conn, new ByteSource(conn));
  const { closed } = relay(client as unknown as WebSocket, upstream);
  client.readyState = WebSocket.OPEN;
  client.onopen();
  await setImmediate();
  return { client, conn, closed };
}

Deno.test("a client is closed with 1013 once 64 MiB wait, empty messages included", async () => {
  const { client, conn, closed } = await session();
  // One is being written, and one passes the limit.
  client.receive(Math.floor(64 * MEGABYTE / WAITING_BYTES) + 2);
  assert.deepEqual(client.closes, []);
  client.receive(1);
  const reason = "The upstream reads too slowly";
  assert.deepEqual(client.closes, [[1013, reason]]);
  assert.ok(conn.closed);
  client.onclose({ code: 1013, reason });
  assert.equal(await closed, reason);
});

Deno.test("an upstream is not read while 1 MiB waits for the client, small messages included", async () => {
  const { client, conn, closed } = await session();
  const thousand = new Uint8Array(3000).map((_, index) => [0x82, 1, 0x61][index % 3]!);
  for (let count = 0; count < 2; count++) {
    conn.bring(thousand);
    for (let turns = 0; turns < 10; turns++) await setImmediate();
  }
  assert.equal(client.sent.length, 1024);
  conn.bring(null);
  while (client.closes.length === 0) {
    client.bufferedAmount = 0;
    await new Promise((look) => setTimeout(look, 1));
  }
  assert.equal(client.sent.length, 2000);
  assert.deepEqual(client.closes, [[1011, "The upstream's connection broke off"]]);
  client.onclose({ code: 1006, reason: "" });
  await closed;
});
