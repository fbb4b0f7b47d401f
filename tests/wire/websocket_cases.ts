import { closing, type FrameParts } from "../kit/websocket/raw_frames.ts";
import type { Script, Seen } from "./websocket_session.ts";

/** Something that a peer may or may not send (RFC 6455), from either side. */
export interface Case {
  readonly name: string;
  readonly frames: readonly FrameParts[];
  /** Bytes a write. @default {a frame a write} */
  readonly cut?: number;
  /** Bytes of all that are written. @default {all} */
  readonly kept?: number;
  /** How the connection is then ended, if it is. */
  readonly then?: Script["then"];
}

/** What crosses, and what its sender gets in return. */
export interface Allowed extends Case {
  readonly across: readonly string[];
  readonly by?: readonly string[];
}

/** What ends the session: why, as it is told to both sides where the upstream sent it. */
export interface Forbidden extends Case {
  readonly code: 1002 | 1007 | 1009;
  readonly reason: string;
  /** What crosses before. */
  readonly across?: readonly string[];
}

/** The longest message, in bytes. */
export const LONGEST = 64 * 2 ** 20;
const text = (payload: string): FrameParts => ({ opcode: "text", payload });
const begun = (payload: string): FrameParts => ({ opcode: "text", payload, fin: false });
const more = (payload: string): FrameParts => ({ opcode: "continuation", payload, fin: false });
const last = (payload: string): FrameParts => ({ opcode: "continuation", payload });
const ping = (payload = ""): FrameParts => ({ opcode: "ping", payload });
const pong = (payload = ""): FrameParts => ({ opcode: "pong", payload });
const close = (payload = ""): FrameParts => ({ opcode: "close", payload });

/** Around every border of the length's coding (§5.2). */
const SIZES = [0, 1, 40, 41, 124, 125, 126, 127, 128, 65_535, 65_536, 65_537, 100_000];

const inFull = (payload: string): string =>
  payload.length > 40 ? `${payload.length} x "${payload[0]}"` : JSON.stringify(payload);

function sized(opcode: "text" | "binary", size: number): Allowed {
  const payload = "a".repeat(size);
  return {
    name: `${opcode} of ${size} bytes`,
    frames: [{ opcode, payload }],
    across: [`${opcode} ${inFull(payload)}`],
  };
}

const FRAMING: readonly Allowed[] = [
  ...SIZES.map((size) => sized("text", size)),
  ...SIZES.map((size) => sized("binary", size)),
  { ...sized("text", 65_536), name: "a long text, 997 bytes at a time", cut: 997 },
  { ...sized("binary", 130), name: "a message byte by byte", cut: 1 },
  {
    name: "a hundred messages in one write",
    frames: Array(100).fill(text("m")),
    cut: Infinity,
    across: Array(100).fill('text "m"'),
  },
  // §5.2 asks the sender for the shortest, and nothing of who reads it; all libraries take it.
  {
    name: "a length of 16 bits that needs 7",
    frames: [{ ...text("hello"), lengthBytes: 3 }],
    across: ['text "hello"'],
  },
  {
    name: "a length of 64 bits that needs 7",
    frames: [{ ...text("hello"), lengthBytes: 9 }],
    across: ['text "hello"'],
  },
  {
    name: "a length of 64 bits that needs 16",
    frames: [{ ...text("b".repeat(300)), lengthBytes: 9 }],
    across: ['text 300 x "b"'],
  },
];

/** §5.5.2 and §5.5.3. */
const PINGS: readonly Allowed[] = [
  { name: "an empty ping", frames: [ping()], across: [], by: ['pong ""'] },
  { name: "a ping with a payload", frames: [ping("hello")], across: [], by: ['pong "hello"'] },
  {
    name: "a ping with bytes that are no text",
    frames: [ping("\x00\xff\xfe\xfd\xfc\xfb\x00")],
    across: [],
    by: [`pong ${JSON.stringify("\x00\xff\xfe\xfd\xfc\xfb\x00")}`],
  },
  {
    name: "the longest ping",
    frames: [ping("p".repeat(125))],
    across: [],
    by: ['pong 125 x "p"'],
  },
  {
    name: "the longest ping, byte by byte",
    frames: [ping("p".repeat(125))],
    cut: 1,
    across: [],
    by: ['pong 125 x "p"'],
  },
  { name: "a pong nobody asked for", frames: [pong("hello")], across: [] },
  { name: "an empty pong nobody asked for", frames: [pong()], across: [] },
  {
    name: "a pong nobody asked for, and a ping",
    frames: [pong("no"), ping("yes")],
    across: [],
    by: ['pong "yes"'],
  },
  {
    name: "a ping between two messages",
    frames: [text("one"), ping("p"), text("two")],
    across: ['text "one"', 'text "two"'],
    by: ['pong "p"'],
  },
];

/** §5.4. */
const FRAGMENTS: readonly Allowed[] = [
  { name: "two fragments", frames: [begun("fr"), last("ag")], across: ['text "frag"'] },
  {
    name: "two fragments in one write",
    frames: [begun("fr"), last("ag")],
    cut: Infinity,
    across: ['text "frag"'],
  },
  {
    name: "two fragments, byte by byte",
    frames: [begun("fr"), last("ag")],
    cut: 1,
    across: ['text "frag"'],
  },
  {
    name: "binary fragments",
    frames: [{ opcode: "binary", payload: "\x00", fin: false }, last("\xff")],
    across: ['binary "\\u0000\xff"'],
  },
  {
    name: "fragments without content",
    frames: [begun(""), more(""), last("")],
    across: ['text ""'],
  },
  {
    name: "content in the first fragment alone",
    frames: [begun("a"), more(""), last("")],
    across: ['text "a"'],
  },
  {
    name: "content in the middle alone",
    frames: [begun(""), more("a"), last("")],
    across: ['text "a"'],
  },
  {
    name: "content in the last alone",
    frames: [begun(""), more(""), last("a")],
    across: ['text "a"'],
  },
  {
    name: "a thousand fragments",
    frames: [begun("a"), ...Array(998).fill(more("a")), last("a")],
    cut: Infinity,
    across: ['text 1000 x "a"'],
  },
  {
    name: "twenty thousand fragments without content",
    frames: [begun("a"), ...Array(20_000).fill(more("")), last("b")],
    cut: 60_000,
    across: ['text "ab"'],
  },
  {
    name: "a ping between fragments",
    frames: [begun("fr"), ping("p"), last("ag")],
    across: ['text "frag"'],
    by: ['pong "p"'],
  },
  {
    name: "a pong between fragments",
    frames: [begun("fr"), pong("p"), last("ag")],
    across: ['text "frag"'],
  },
  {
    name: "a ping between fragments, all in one write",
    frames: [begun("fr"), ping("p"), last("ag"), text("next")],
    cut: Infinity,
    across: ['text "frag"', 'text "next"'],
    by: ['pong "p"'],
  },
  {
    name: "a fragmented message after a whole one",
    frames: [text("one"), begun("t"), last("wo")],
    across: ['text "one"', 'text "two"'],
  },
  {
    name: "long fragments",
    frames: [begun("a".repeat(70_000)), last("a".repeat(70_000))],
    across: ['text 140000 x "a"'],
  },
];

/** Texts, one character a byte. What is right is Unicode's table 3-7. */
const UTF8: readonly [name: string, bytes: string][] = [
  ["two bytes", "\xc3\xa9"],
  ["three bytes", "\xe2\x82\xac"],
  ["four bytes", "\xf0\x9f\x98\x80"],
  ["a byte order mark", "\xef\xbb\xbfa"],
  ["nothing but a byte order mark", "\xef\xbb\xbf"],
  ["NUL", "a\x00b"],
  ["the last of two bytes", "\xdf\xbf"],
  ["the first of three bytes", "\xe0\xa0\x80"],
  ["the last before the surrogates", "\xed\x9f\xbf"],
  ["the first after the surrogates", "\xee\x80\x80"],
  ["a noncharacter", "\xef\xbf\xbe"],
  ["the last of all", "\xf4\x8f\xbf\xbf"],
  ["several languages", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"],
];

const VALID_UTF8: readonly Allowed[] = [
  ...UTF8.map(([name, bytes]) => ({
    name: `UTF-8: ${name}`,
    frames: [text(bytes)],
    across: [`text ${JSON.stringify(bytes)}`],
  })),
  ...[1, 2, 3].map((cut) => ({
    name: `UTF-8: a character cut after byte ${cut}, by fragments`,
    frames: [begun("\xf0\x9f\x98\x80".slice(0, cut)), last("\xf0\x9f\x98\x80".slice(cut))],
    across: ['text "\xf0\x9f\x98\x80"'],
  })),
  {
    name: "binary that is no UTF-8",
    frames: [{ opcode: "binary", payload: "\xff\xfe" }],
    across: ['binary "\xff\xfe"'],
  },
];

const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013];

/** §5.5.1 and §7.4. The answer to a close is a close with the same code. */
const CLOSES: readonly Allowed[] = [
  { name: "a close without a code", frames: [close()], across: ["close", "end"] },
  ...[...CODES, 3000, 3999, 4000, 4999].map((code) => ({
    name: `a close with the code ${code}`,
    frames: [close(closing(code))],
    across: [`close ${code} ""`, "end"],
  })),
  {
    name: "a close with a reason",
    frames: [close(closing(1000, "bye"))],
    across: ['close 1000 "bye"', "end"],
  },
  {
    name: "a close with a reason in UTF-8",
    frames: [close(closing(4001, "\xe2\x82\xac"))],
    across: ['close 4001 "\xe2\x82\xac"', "end"],
  },
  {
    name: "a close with the longest reason",
    frames: [close(closing(1000, "r".repeat(123)))],
    across: ['close 1000 123 x "r"', "end"],
  },
  {
    name: "a close byte by byte",
    frames: [close(closing(1000, "bye"))],
    cut: 1,
    across: ['close 1000 "bye"', "end"],
  },
  {
    name: "a close after a message, in one write",
    frames: [text("one"), close(closing(1000))],
    cut: Infinity,
    across: ['text "one"', 'close 1000 ""', "end"],
  },
  {
    name: "two closes",
    frames: [close(closing(1000, "first")), close(closing(1001, "second"))],
    cut: Infinity,
    across: ['close 1000 "first"', "end"],
  },
  {
    name: "a message after a close",
    frames: [close(closing(1000)), text("late")],
    cut: Infinity,
    across: ['close 1000 ""', "end"],
  },
  {
    name: "a ping after a close",
    frames: [close(closing(1000)), ping("late")],
    cut: Infinity,
    across: ['close 1000 ""', "end"],
  },
  {
    name: "a close inside a fragmented message",
    frames: [begun("half"), close(closing(1000))],
    across: ['close 1000 ""', "end"],
  },
].map((allowed) => ({ ...allowed, by: allowed.across.slice(-2) }));

/** What may be sent. It is the same from either side. */
export const ALLOWED: readonly Allowed[] = [
  ...FRAMING,
  ...PINGS,
  ...FRAGMENTS,
  ...VALID_UTF8,
  ...CLOSES,
];

const CONTROL = "A control frame is fragmented or too long";
const OUT_OF_TURN = "A message is continued that was not begun, or the reverse";
const NO_TEXT = "A text is not UTF-8";
const RESERVED = "Reserved bits are set";

/** §5.2: nobody has agreed on an extension that would give them a meaning. */
const RESERVED_BITS: readonly Forbidden[] = ([
  ["1, in a text", { ...text("hello"), rsv: 4 }],
  ["2, in a text", { ...text("hello"), rsv: 2 }],
  ["3, in a text", { ...text("hello"), rsv: 1 }],
  ["1 to 3, in a text", { ...text("hello"), rsv: 7 }],
  ["1, in a binary message", { opcode: "binary", rsv: 4 }],
  ["1, in a ping", { ...ping("p"), rsv: 4 }],
  ["2, in a pong", { ...pong("p"), rsv: 2 }],
  ["3, in a close", { ...close(), rsv: 1 }],
] satisfies [string, FrameParts][]).map(([name, parts]) => ({
  name: `reserved bit ${name}`,
  frames: [parts],
  code: 1002,
  reason: RESERVED,
}));

const OPCODES: readonly Forbidden[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
  name: `opcode ${opcode}`,
  frames: [{ opcode, payload: opcode % 2 === 0 ? "payload" : "" }],
  code: 1002,
  reason: `Unknown opcode ${opcode}`,
}));

const CONTROLS: readonly Forbidden[] = ([
  ["a ping of 126 bytes", { ...ping("p".repeat(126)) }],
  ["a ping of 65536 bytes", { ...ping("p".repeat(65_536)) }],
  ["a fragmented ping", { ...ping("p"), fin: false }],
  ["a fragmented pong", { ...pong("p"), fin: false }],
  ["a fragmented close", { ...close(closing(1000)), fin: false }],
] satisfies [string, FrameParts][]).map(([name, parts]) => ({
  name,
  frames: [parts],
  code: 1002,
  reason: CONTROL,
}));

/** What may not be sent, and what the runtime lets through where a client sends it. */
export const LET_THROUGH: readonly (Forbidden & { readonly seen: Seen })[] = [
  {
    name: "a pong of 126 bytes",
    frames: [pong("p".repeat(126))],
    code: 1002,
    reason: CONTROL,
    seen: { by: [], across: [] },
  },
  {
    name: "a ping whose length is in 16 bits",
    frames: [{ ...ping("p"), lengthBytes: 3 }],
    code: 1002,
    reason: CONTROL,
    seen: { by: ['pong "p"'], across: [] },
  },
  {
    name: "a close of 126 bytes", // The runtime answers with one as long.
    frames: [close(closing(1000, "r".repeat(124)))],
    code: 1002,
    reason: CONTROL,
    seen: { by: ['close 1000 124 x "r"', "end"], across: ["end"] },
  },
  {
    name: "a fragmented text inside a fragmented text", // It takes the place of the first.
    frames: [begun("a"), begun("b"), last("c")],
    code: 1002,
    reason: OUT_OF_TURN,
    seen: { by: [], across: ['text "bc"'] },
  },
  {
    name: "no UTF-8: a character that no fragment ends", // The runtime drops its bytes.
    frames: [begun("good \xf0\x9f"), more("\x98"), last("")],
    code: 1007,
    reason: NO_TEXT,
    seen: { by: [], across: ['text "good "'] },
  },
];

const TURNS: readonly Forbidden[] = ([
  ["a continuation of nothing", [last("a")]],
  ["a continuation of nothing that goes on", [more("a")]],
  ["a continuation after a whole message", [text("one"), last("a")]],
  ["a continuation after a fragmented message", [begun("o"), last("ne"), last("a")]],
  ["a text inside a fragmented text", [begun("a"), text("b")]],
  ["a binary message inside a fragmented text", [begun("a"), { opcode: "binary" as const }]],
] satisfies [string, FrameParts[]][]).map(([name, frames]) => ({
  name,
  frames,
  code: 1002,
  reason: OUT_OF_TURN,
  across: frames.length > 1 && frames.at(-1)?.opcode === "continuation" ? ['text "one"'] : [],
}));

const INVALID_UTF8: readonly Forbidden[] = ([
  ["a lone continuation", "\x80"],
  ["a byte that begins nothing", "\xff"],
  ["a second byte that is none", "\xc3\x28"],
  ["NUL in two bytes", "\xc0\x80"],
  ["a slash in two bytes", "\xc0\xaf"],
  ["a slash in three bytes", "\xe0\x80\xaf"],
  ["a slash in four bytes", "\xf0\x80\x80\xaf"],
  ["a surrogate", "\xed\xa0\x80"],
  ["a pair of surrogates", "\xed\xa0\x80\xed\xb0\x80"],
  ["past the last of all", "\xf4\x90\x80\x80"],
  ["five bytes", "\xf8\x88\x80\x80\x80"],
  ["a character that ends too early", "\xe2\x82"],
  ["good text, then a lone continuation", "\xce\xba\xe1\xbd\xb9\x80"],
] as const).map(([name, bytes]) => ({
  name: `no UTF-8: ${name}`,
  frames: [text(bytes)],
  code: 1007,
  reason: NO_TEXT,
}));

const INVALID_IN_PIECES: readonly Forbidden[] = [
  {
    name: "no UTF-8: in the last fragment",
    frames: [begun("good"), last("\xff")],
    code: 1007,
    reason: NO_TEXT,
  },
  {
    name: "no UTF-8: between good fragments",
    frames: [begun("good"), more("\xc0\xaf"), last("good")],
    code: 1007,
    reason: NO_TEXT,
  },
];

const LIMITS: readonly Forbidden[] = [
  {
    name: "a frame a byte longer than the longest",
    frames: [{ opcode: "binary", length: LONGEST + 1 }],
    code: 1009,
    reason: `Longer than ${LONGEST} bytes`,
  },
  {
    name: "a length no memory has",
    frames: [{ opcode: "binary", length: 2n ** 63n - 1n }],
    code: 1009,
    reason: `Longer than ${LONGEST} bytes`,
  },
  {
    name: "a length with its first bit set",
    frames: [{ opcode: "binary", length: 2n ** 63n }],
    code: 1009,
    reason: `Longer than ${LONGEST} bytes`,
  },
  {
    name: "fragments that are too long together",
    frames: [begun("a"), { ...more(""), length: LONGEST }],
    code: 1009,
    reason: `Longer than ${LONGEST - 1} bytes`,
  },
];

/** Codes that no frame may hold: §7.4.1, §7.4.2, and the registry. */
export const FORBIDDEN_CODES = [
  0,
  1,
  999,
  1004,
  1005,
  1006,
  1015,
  1016,
  1100,
  2000,
  2999,
  5000,
  65_535,
];

const FORBIDDEN_CLOSES: readonly Forbidden[] = [
  {
    name: "a close of one byte",
    frames: [close("\x03")],
    code: 1002,
    reason: "A close frame of one byte",
  },
  {
    name: "a close whose reason is no UTF-8",
    frames: [close(closing(1000, "\xce\xba\xe1\xbd\xb9\xff"))],
    code: 1007,
    reason: NO_TEXT,
  },
];

/** What may not be sent from either side. */
export const FORBIDDEN: readonly Forbidden[] = [
  ...RESERVED_BITS,
  ...OPCODES,
  ...CONTROLS,
  ...TURNS,
  ...INVALID_UTF8,
  ...INVALID_IN_PIECES,
  ...LIMITS,
  ...FORBIDDEN_CLOSES,
];

/** Connections that end without a close (§7.1.5). */
export const BROKEN_OFF: readonly Case[] = (["FIN", "RST"] as const).flatMap((then) => [
  { name: `${then} before any frame`, frames: [], then },
  { name: `${then} inside a fragmented message`, frames: [begun("half")], then },
  { name: `${then} inside a frame's payload`, frames: [{ ...text("half"), length: 100 }], then },
  { name: `${then} inside a frame's head`, frames: [text("x".repeat(200))], kept: 3, then },
  { name: `${then} after a frame's first byte`, frames: [text("x")], kept: 1, then },
]);
