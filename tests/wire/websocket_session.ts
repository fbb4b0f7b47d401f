import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import type { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { closing, frame, FrameReader, inWords, OPCODES } from "../kit/websocket/raw_frames.ts";

/** A `Sec-WebSocket-Key`, and the proof that it was read (RFC 6455 §1.3). */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The handshake of a client. */
export const HANDSHAKE = formatRequest({
  target: "/openai/v1/responses",
  headers: [
    ["Host", "localhost"],
    ["Authorization", `Bearer ${CLIENT_KEY}`],
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", KEY],
  ],
});

/** Accepts an exchange's handshake. */
export async function acceptHandshake(exchange: Exchange): Promise<void> {
  const [key = ""] = exchange.request.values("sec-websocket-key");
  const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  await exchange.respond({
    status: 101,
    reason: "Switching Protocols",
    headers: [
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Accept", proof.digest("base64")],
    ],
  });
}

type Connection = Pick<Exchange, "readSome" | "write" | "close" | "reset">;

/** One end of a session, in raw bytes. */
class End {
  readonly connection: Connection;
  readonly #frames: FrameReader;
  readonly #isClient: boolean;
  #closing = false;

  constructor(connection: Connection, isClient: boolean) {
    this.connection = connection;
    this.#isClient = isClient;
    this.#frames = new FrameReader(() => connection.readSome());
  }

  /** Writes, where the peer still takes it. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await this.connection.write(bytes).catch(() => {});
  }

  async send(text: string): Promise<void> {
    await this.write(frame({ opcode: "text", payload: text, masked: this.#isClient }));
  }

  /** What comes until a text or the end; a close is answered, as RFC 6455 §5.5.1 asks for. */
  async seenUntil(last: string): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const read = await this.#frames.next().catch(() => null);
      if (read === null) return [...seen, "end"];
      assert.equal(read.masked, !this.#isClient, "who masks what");
      const words = inWords(read);
      if (words === `text "${last}"`) return seen;
      seen.push(words);
      if (read.opcode === OPCODES.close) await this.#answerClose();
    }
  }

  async #answerClose(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.write(
      frame({ opcode: "close", payload: closing(1000), masked: this.#isClient }),
    );
  }
}

/** What one end of a session does. */
export interface Script {
  readonly from: "client" | "upstream";
  /** What it writes, piece by piece. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** How it then ends its connection, if it does. */
  readonly then?: "FIN" | "RST" | undefined;
}

/** What both ends of a session see, frame by frame, in words; `end` is the end of the connection. */
export interface Seen {
  /** The end that wrote. */
  readonly by: string[];
  /** The other one. */
  readonly across: string[];
}

/** Opens a session through the proxy, plays a script, and tells what came of it. */
export async function play(
  { from, pieces, then }: Script,
  proxy: { readonly port: number },
  upstream: RawUpstream,
): Promise<Seen> {
  const opened = Promise.withResolvers<End>();
  const over = Promise.withResolvers<void>();
  upstream.handler = async (exchange) => {
    await acceptHandshake(exchange);
    opened.resolve(new End(exchange, false));
    await over.promise;
  };
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(HANDSHAKE);
  assert.equal((await client.readHead()).status, 101);
  const ends = { client: new End(client, true), upstream: await opened.promise };
  const [writer, reader] = from === "client"
    ? [ends.client, ends.upstream]
    : [ends.upstream, ends.client];
  try {
    for (const piece of pieces) await writer.write(piece);
    if (then === "FIN") writer.connection.close();
    if (then === "RST") writer.connection.reset();
    if (then === undefined) await writer.send("the last");
    const both = [
      seenBy(writer, then),
      reader.seenUntil("the last").then(answered(reader)),
    ] as const;
    const [by, across] = await Promise.all(both);
    return { by, across };
  } finally {
    over.resolve();
    ends.upstream.connection.close();
  }
}

/** One that has left sees nothing more. */
function seenBy(writer: End, then: Script["then"]): Promise<string[]> | string[] {
  return then === undefined ? writer.seenUntil("answered") : [];
}

/** So that the writer knows that nothing more is to come. */
function answered(reader: End): (seen: string[]) => Promise<string[]> {
  return async (seen) => {
    if (!seen.includes("end")) await reader.send("answered");
    return seen;
  };
}
