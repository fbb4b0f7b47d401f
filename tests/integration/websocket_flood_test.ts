import assert from "node:assert/strict";
import { concatBytes } from "../kit/http1/bytes.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { frame, type FrameParts } from "../kit/websocket/raw_frames.ts";
import { acceptHandshake, HANDSHAKE } from "../wire/websocket_session.ts";

const MEGABYTE = 2 ** 20;
const SESSIONS = 6;
/** Bytes that a sender gets rid of where nobody but the kernel takes them, with room to spare. */
const MOST_BYTES = 16 * MEGABYTE;
/** Milliseconds without progress after which a sender takes itself for held back. */
const PATIENCE = 1_000;
/** Milliseconds for anything else: the machine has much to do. */
const DEADLINE = 60_000;
/** More than the kernel takes, so that all that follows waits in the proxy. */
const FILLER: FrameParts = { opcode: "binary", payload: new Uint8Array(8 * MEGABYTE) };
const linux = Deno.build.os === "linux"; // Resident memory is read from /proc.

interface Flood {
  readonly name: string;
  readonly from: "client" | "upstream";
  /** Sent before the rest. */
  readonly first?: FrameParts;
  readonly repeated: FrameParts;
  /** Megabytes that memory may grow by. */
  readonly megabytes: number;
  /** What the log then says of each session. */
  readonly ends?: RegExp;
}

const FLOODS: readonly Flood[] = [
  {
    name: "empty messages of clients",
    from: "client",
    first: FILLER,
    repeated: { opcode: "text" },
    megabytes: 192,
    ends: /The upstream reads too slowly/,
  },
  {
    name: "messages of a byte of clients",
    from: "client",
    first: FILLER,
    repeated: { opcode: "binary", payload: "b" },
    megabytes: 192,
    ends: /The upstream reads too slowly/,
  },
  { name: "pings of clients", from: "client", repeated: { opcode: "ping" }, megabytes: 48 },
  {
    name: "fragments of clients without content",
    from: "client",
    first: { opcode: "text", fin: false },
    repeated: { opcode: "continuation", fin: false },
    megabytes: 96,
  },
  {
    name: "empty messages of upstreams",
    from: "upstream",
    repeated: { opcode: "text" },
    megabytes: 64,
  },
  {
    name: "messages of a byte of upstreams",
    from: "upstream",
    repeated: { opcode: "binary", payload: "b" },
    megabytes: 64,
  },
  { name: "pings of upstreams", from: "upstream", repeated: { opcode: "ping" }, megabytes: 64 },
  {
    name: "fragments of upstreams without content",
    from: "upstream",
    first: { opcode: "text", fin: false },
    repeated: { opcode: "continuation", fin: false },
    megabytes: 96,
  },
  {
    name: "fragments of a byte of upstreams",
    from: "upstream",
    first: { opcode: "text", fin: false },
    repeated: { opcode: "continuation", fin: false, payload: "b" },
    megabytes: 128,
    ends: /More than 16384 fragments/,
  },
];

/** What floods are written to. */
interface Sink {
  write(bytes: Uint8Array, deadlineMs: number): Promise<void>;
}

/** Writes until it is held back, cut off, or all is out. */
async function flood(sink: Sink, { first, repeated, from, ends }: Flood): Promise<void> {
  const masked = from === "client";
  const patience = ends === undefined ? PATIENCE : DEADLINE;
  const one = frame({ ...repeated, masked });
  const block = concatBytes(Array(Math.ceil(48 * 1024 / one.length)).fill(one));
  try {
    if (first) await sink.write(frame({ ...first, masked }), DEADLINE);
    for (let sent = 0; sent < MOST_BYTES; sent += block.length) await sink.write(block, patience);
  } catch {
    // Held back, or cut off.
  }
}

for (const attack of FLOODS) {
  Deno.test({
    name: `${SESSIONS} sessions of ${attack.name}, whom the other side does not read: ` +
      `memory stays bounded, others are served`,
    ignore: !linux,
    fn: async () => {
      const over = Promise.withResolvers<void>();
      const floods: Promise<void>[] = [];
      await using upstream = RawUpstream.start(async (exchange) => {
        if (exchange.request.values("upgrade").length === 0) return await exchange.respond();
        await acceptHandshake(exchange);
        if (attack.from === "upstream") floods.push(flood(exchange, attack));
        await over.promise;
        exchange.close();
      });
      await using proxy = await ProxyProcess.start({
        upstreamUrl: upstream.url,
        args: ["--workers", "1"],
      });
      assert.equal((await request({ port: proxy.port })).status, 200);
      const idle = proxy.rssBytes();
      let most = idle;
      using _ = every(50, () => most = Math.max(most, proxy.rssBytes()));
      const clients: RawClient[] = [];
      for (let count = 0; count < SESSIONS; count++) {
        const client = await RawClient.connect({ port: proxy.port });
        await client.write(HANDSHAKE);
        assert.equal((await client.readHead(DEADLINE)).status, 101);
        if (attack.from === "client") floods.push(flood(client, attack));
        clients.push(client);
      }
      const flooded = Promise.all(floods);
      let running = true;
      void flooded.then(() => running = false);
      while (running) {
        const other = await request({ port: proxy.port, deadlineMs: DEADLINE });
        assert.equal(other.status, 200);
      }
      const grown = Math.round((most - idle) / MEGABYTE);
      console.log(
        `resident memory: idle ${Math.round(idle / MEGABYTE)} MiB, +${grown} MiB at most`,
      );
      assert.ok(grown < attack.megabytes, `grew by ${grown} MiB`);
      if (attack.ends !== undefined) await endsLogged(proxy, attack.ends);
      clients.forEach((client) => client.close());
      over.resolve();
    },
  });
}

function every(milliseconds: number, look: () => void): Disposable {
  const timer = setInterval(look, milliseconds);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function endsLogged(proxy: ProxyProcess, why: RegExp): Promise<void> {
  await proxy.waitForStdout((lines) => {
    const ends = lines.filter((line) => line.includes("status=101") && why.test(line));
    return ends.length === SESSIONS ? true : undefined;
  });
}
