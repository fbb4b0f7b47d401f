import assert from "node:assert/strict";
import { concatBytes } from "../kit/http1/bytes.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { closing, frame } from "../kit/websocket/raw_frames.ts";
import {
  ALLOWED,
  BROKEN_OFF,
  type Case,
  FORBIDDEN,
  FORBIDDEN_CODES,
  LET_THROUGH,
  LONGEST,
} from "./websocket_cases.ts";
import { play, type Seen } from "./websocket_session.ts";

/** A case, and what comes of it from one of the sides. */
interface Row extends Case {
  readonly seen: Seen;
  /** Whether its frames are masked. @default {as they have to be} */
  readonly masked?: boolean;
}

/** Ends a session, and says why to both sides. */
function ended(code: number, reason: string, across: readonly string[] = []): Seen {
  const close = `close ${code} ${JSON.stringify(`The upstream: ${reason}`)}`;
  return { by: [close, "end"], across: [...across, close, "end"] };
}

const MASKED = "A server's frame is masked";

/** A message of one frame that crosses. */
function whole(length: number): Row {
  return {
    name: `a message of ${length} bytes, the longest`,
    frames: [{ opcode: "binary", payload: "a".repeat(length) }],
    seen: { across: [`binary ${length} x "a"`], by: [] },
  };
}

/** What an upstream sends. */
const OF_AN_UPSTREAM: readonly Row[] = [
  whole(LONGEST),
  ...ALLOWED.map((row) => ({ ...row, seen: { across: [...row.across], by: [...row.by ?? []] } })),
  ...[...FORBIDDEN, ...LET_THROUGH].map((row) => ({
    ...row,
    seen: ended(row.code, row.reason, row.across),
  })),
  ...[1014].map((code) => ({
    name: `a close with the code ${code}`,
    frames: [{ opcode: "close" as const, payload: closing(code) }],
    seen: { across: [`close ${code} ""`, "end"], by: [`close ${code} ""`, "end"] },
  })),
  ...FORBIDDEN_CODES.map((code) => ({
    name: `a close with the code ${code}`,
    frames: [{ opcode: "close" as const, payload: closing(code, "because") }],
    seen: ended(1002, `A close frame with the code ${code}`),
  })),
  ...(["text", "binary", "ping", "pong", "close"] as const).map((opcode) => ({
    name: `a masked ${opcode}`,
    frames: [{ opcode }],
    masked: true,
    seen: ended(1002, MASKED),
  })),
  {
    name: "16,384 fragments",
    frames: Array.from({ length: 16_384 }, (_, index) => ({
      opcode: index === 0 ? "binary" as const : "continuation" as const,
      payload: "f",
      fin: index === 16_383,
    })),
    cut: 60_000,
    seen: { across: ['binary 16384 x "f"'], by: [] },
  },
  {
    name: "16,385 fragments",
    frames: Array.from({ length: 16_385 }, (_, index) => ({
      opcode: index === 0 ? "binary" as const : "continuation" as const,
      payload: "f",
      fin: false,
    })),
    cut: 60_000,
    seen: ended(1009, "More than 16384 fragments"),
  },
  ...BROKEN_OFF.map((row) => ({
    ...row,
    seen: { by: [], across: ['close 1011 "The upstream\'s connection broke off"', "end"] },
  })),
];

/** The runtime ends the connection, without the close frame that RFC 6455 §7.1.7 recommends. */
const DROPPED: Seen = { by: ["end"], across: ["end"] };

/**
 * What a client sends. The runtime reads it; where that departs from the RFC it is told in
 * `docs/runtime/12-lenient-websocket.ts`.
 */
const OF_A_CLIENT: readonly Row[] = [
  whole(LONGEST - 1),
  ...LET_THROUGH,
  ...ALLOWED.map((row) => ({ ...row, seen: { across: [...row.across], by: [...row.by ?? []] } })),
  ...FORBIDDEN.map((row) => ({
    ...row,
    seen: { ...DROPPED, across: [...row.across ?? [], "end"] },
  })),
  // The registry has 1014 since 2017; the runtime does not know it.
  ...[1014, ...FORBIDDEN_CODES].map((code) => ({
    name: `a close with the code ${code}`,
    frames: [{ opcode: "close" as const, payload: closing(code, "because") }],
    seen: { by: ['close 1002 "because"', "end"], across: ["end"] },
  })),
  // RFC 6455 §5.1 wants such connections closed.
  {
    name: "an unmasked text",
    frames: [{ opcode: "text", payload: "hello" }],
    masked: false,
    seen: { across: ['text "hello"'], by: [] },
  },
  {
    name: "an unmasked ping",
    frames: [{ opcode: "ping", payload: "hello" }],
    masked: false,
    seen: { across: [], by: ['pong "hello"'] },
  },
  ...BROKEN_OFF.map((row) => ({ ...row, seen: { by: [], across: ["end"] } })),
];

const SIDES = [["upstream", OF_AN_UPSTREAM], ["client", OF_A_CLIENT]] as const;

for (const [from, rows] of SIDES) {
  Deno.test(`82 RFC 6455: ${rows.length} things that the ${from} may or may not send`, async (t) => {
    assert.ok(rows.length >= 90);
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--workers", "1"],
    });
    for (const row of rows) {
      await t.step(row.name, async () => {
        const pieces = piecesOf(row, row.masked ?? from === "client");
        const seen = await play({ from, pieces, then: row.then }, proxy, upstream);
        assert.deepEqual(seen, row.seen);
      });
    }
    assert.deepEqual(proxy.stdout.filter((line) => /level=error/.test(line)), []);
  });
}

function piecesOf({ frames, cut, kept }: Case, masked: boolean): Uint8Array[] {
  const encoded = frames.map((parts) => frame({ masked, ...parts }));
  if (kept !== undefined) return [concatBytes(encoded).slice(0, kept)];
  if (cut === undefined) return encoded;
  const bytes = concatBytes(encoded);
  const count = Number.isFinite(cut) ? Math.ceil(bytes.length / cut) : 1;
  return Array.from({ length: count }, (_, at) => bytes.slice(at && at * cut, (at + 1) * cut));
}
