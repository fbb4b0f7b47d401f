import assert from "node:assert/strict";
import { encodeFrame, OPCODE } from "../../../../src/proxy/websocket/frames.ts";
import { FrameWriter } from "../../../../src/proxy/websocket/frame_writer.ts";

const EMPTY = encodeFrame(OPCODE.binary, new Uint8Array()).length;

/** A connection that takes a write only when it is told to. */
class HeldConnection {
  readonly writes: Uint8Array[] = [];
  #taken = Promise.withResolvers<number>();

  write(bytes: Uint8Array): Promise<number> {
    this.writes.push(bytes);
    return this.#taken.promise;
  }

  /** Takes what is being written, or some bytes of it. */
  async take(count = this.writes.at(-1)?.length ?? 0): Promise<void> {
    const { resolve } = this.#taken;
    this.#taken = Promise.withResolvers();
    resolve(count);
    await new Promise((done) => setTimeout(done));
  }

  async fail(): Promise<void> {
    this.#taken.reject(new Deno.errors.BrokenPipe("gone"));
    await new Promise((done) => setTimeout(done));
  }
}

Deno.test("a frame goes out at once, and those that wait behind it in few writes", async () => {
  const conn = new HeldConnection();
  const writer = new FrameWriter(conn, assert.fail);
  for (let count = 0; count < 1000; count++) writer.push(OPCODE.binary, new Uint8Array());
  assert.deepEqual(conn.writes.map(({ length }) => length), [EMPTY]);
  assert.equal(writer.cost, 999 * (EMPTY + 512));
  for (let count = 0; count < 5; count++) await conn.take();
  assert.equal(writer.cost, 0);
  await writer.flushed();
  const frames = conn.writes.map(({ length }) => length / EMPTY);
  assert.deepEqual(frames, [1, 256, 256, 256, 231]);
});

Deno.test("a write is 64 KiB at most, or one long frame, and what is taken in part goes on", async () => {
  const conn = new HeldConnection();
  const writer = new FrameWriter(conn, assert.fail);
  for (const length of [0, 30_000, 30_000, 30_000, 200_000, 0]) {
    writer.push(OPCODE.binary, new Uint8Array(length));
  }
  await conn.take();
  await conn.take(1000);
  for (let count = 0; count < 4; count++) await conn.take();
  const lengths = [EMPTY, 60_016, 59_016, 30_008, 200_014, EMPTY];
  assert.deepEqual(conn.writes.map(({ length }) => length), lengths);
});

Deno.test("only the last of the pings that wait is answered, before all else that waits", async () => {
  const conn = new HeldConnection();
  const writer = new FrameWriter(conn, assert.fail);
  writer.push(OPCODE.text, new Uint8Array());
  for (let count = 0; count < 1000; count++) writer.pong(Uint8Array.of(count & 0xff));
  writer.push(OPCODE.close, new Uint8Array());
  for (let count = 0; count < 3; count++) await conn.take();
  const opcodes = conn.writes.map(([first = 0]) => first & 0x0f);
  assert.deepEqual(opcodes, [OPCODE.text, OPCODE.pong, OPCODE.close]);
});

Deno.test("a write that fails is told once, and what waits or comes later is dropped", async () => {
  const conn = new HeldConnection();
  let failures = 0;
  const writer = new FrameWriter(conn, () => failures++);
  for (let count = 0; count < 10; count++) writer.push(OPCODE.text, new Uint8Array());
  await conn.fail();
  await writer.flushed();
  assert.equal(failures, 1);
  assert.equal(writer.cost, 0);
  writer.push(OPCODE.text, new Uint8Array());
  writer.pong(new Uint8Array());
  await writer.flushed();
  assert.equal(failures, 1);
  assert.equal(writer.cost, 0);
  assert.equal(conn.writes.length, 1);
});
