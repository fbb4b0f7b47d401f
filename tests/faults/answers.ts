import { type Bytes, concatBytes, latin1Bytes } from "../kit/http1/bytes.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import type { HeaderList } from "../kit/http1/message_head.ts";
import type { BehaviourName } from "./behaviours.ts";
import { answerBody, answerHead, answerPieces, type Plan } from "./plan.ts";

/** Does to a request what its plan says; its body has been read, unless {@linkcode EARLY} has it. */
export type Answer = (exchange: Exchange, plan: Plan) => Promise<void>;

/** Behaviours that do not wait for the request's body. */
export const EARLY: ReadonlySet<BehaviourName> = new Set(["reset-upload", "early-answer"]);

const CHUNKED: HeaderList = [["Transfer-Encoding", "chunked"]];
/** Longer than any write is held back by a client that reads, and by one that has gone. */
const WRITE_DEADLINE_MS = 60_000;

/** Each is complete and wrong; a client that waits for more of it waits in vain. */
const GARBAGE: readonly string[] = [
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "SSH-2.0-OpenSSH_9.9\r\n",
  "HTTP/9.9 200 OK\r\n\r\n",
  "HTTP/1.1 OK\r\n\r\n",
  "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: twelve\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
  "<html>502 Bad Gateway</html>\r\n\r\n",
];
/** What must never reach anybody. */
const SMUGGLED = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Smuggled: 1\r\n\r\nsmuggled";

/** How each behaviour is done. */
export const ANSWERS: Readonly<Record<BehaviourName, Answer>> = {
  "json": whole,
  "error-529": whole,
  "mislabelled": whole,
  "chunked": (exchange, plan) => chunks(exchange, plan, answerPieces(plan)),
  "events": events,
  "interim": interim,
  "stall-body": stallBody,
  "trickle-body": trickleBody,
  "close-after": closeAfter,
  "long-length": longLength,
  "short-length": (exchange, plan) => halfBody(exchange, plan, "close"),
  "reset-length": (exchange, plan) => halfBody(exchange, plan, "reset"),
  "close-chunked": (exchange, plan) => halfChunks(exchange, plan, "close"),
  "reset-chunked": (exchange, plan) => halfChunks(exchange, plan, "reset"),
  "garbage-chunk": garbageChunk,
  "garbage-head": garbageHead,
  "half-head": halfHead,
  "close-silent": (exchange) => end(exchange, "close"),
  "reset-silent": (exchange) => end(exchange, "reset"),
  "stall-head": untilClosed,
  "trickle-head": trickleHead,
  "reset-upload": resetUpload,
  "early-answer": earlyAnswer,
  "refuse": (exchange) => end(exchange, "close"), // It came on a connection from before.
};

async function whole(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(wholeAnswer(plan), WRITE_DEADLINE_MS);
}

async function chunks(exchange: Exchange, plan: Plan, pieces: readonly Bytes[]): Promise<void> {
  await exchange.write(headBytes(plan, CHUNKED), WRITE_DEADLINE_MS);
  for (const piece of pieces) await exchange.writeChunk(piece, WRITE_DEADLINE_MS);
  await exchange.writeChunk("", WRITE_DEADLINE_MS);
}

async function events(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(headBytes(plan, CHUNKED), WRITE_DEADLINE_MS);
  const began = performance.now();
  for (const [number, event] of answerPieces(plan).entries()) {
    await pause(began + (number + 1) * plan.pauseMs - performance.now()); // Delays do not add up.
    await exchange.writeChunk(event, WRITE_DEADLINE_MS);
  }
  await exchange.writeChunk("", WRITE_DEADLINE_MS);
}

async function interim(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
  await pause(plan.pauseMs);
  await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nX-Fault-Id: 0\r\n\r\n");
  await whole(exchange, plan);
}

async function stallBody(exchange: Exchange, plan: Plan): Promise<void> {
  const { head, first, second } = halves(plan);
  await exchange.write(concatBytes([head, first]), WRITE_DEADLINE_MS);
  await pause(plan.pauseMs);
  await exchange.write(second, WRITE_DEADLINE_MS);
}

async function trickleBody(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(headBytes(plan, lengthOf(plan)));
  for (const byte of answerBody(plan)) {
    await pause(1000);
    await exchange.write(Uint8Array.of(byte));
  }
}

async function closeAfter(exchange: Exchange, plan: Plan): Promise<void> {
  await whole(exchange, plan);
  await pause(plan.pauseMs);
  await exchange.closeWrite();
}

async function longLength(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(concatBytes([wholeAnswer(plan), latin1Bytes(SMUGGLED)]), WRITE_DEADLINE_MS);
}

async function halfBody(exchange: Exchange, plan: Plan, how: "close" | "reset"): Promise<void> {
  const { head, first } = halves(plan);
  await exchange.write(concatBytes([head, first]), WRITE_DEADLINE_MS);
  await pause(plan.pauseMs);
  await end(exchange, how);
}

async function halfChunks(exchange: Exchange, plan: Plan, how: "close" | "reset"): Promise<void> {
  await exchange.write(headBytes(plan, CHUNKED), WRITE_DEADLINE_MS);
  for (const piece of firstHalf(answerPieces(plan))) {
    await exchange.writeChunk(piece, WRITE_DEADLINE_MS);
  }
  await pause(plan.pauseMs);
  await end(exchange, how);
}

async function garbageChunk(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(headBytes(plan, CHUNKED), WRITE_DEADLINE_MS);
  for (const piece of firstHalf(answerPieces(plan))) {
    await exchange.writeChunk(piece, WRITE_DEADLINE_MS);
  }
  await pause(plan.pauseMs);
  await exchange.write("zz\r\ngarbage\r\n");
  await untilClosed(exchange);
}

async function garbageHead(exchange: Exchange, plan: Plan): Promise<void> {
  await exchange.write(GARBAGE[plan.id % GARBAGE.length] ?? "");
  await untilClosed(exchange);
}

async function halfHead(exchange: Exchange, plan: Plan): Promise<void> {
  const head = headBytes(plan, lengthOf(plan));
  await exchange.write(head.subarray(0, 1 + plan.id % (head.length - 3)));
  await pause(plan.pauseMs);
  await end(exchange, "close");
}

async function trickleHead(exchange: Exchange, plan: Plan): Promise<void> {
  for (const byte of headBytes(plan, lengthOf(plan))) {
    await exchange.write(Uint8Array.of(byte)); // Throws once the proxy has given up.
    await pause(1000);
  }
}

async function resetUpload(exchange: Exchange): Promise<void> {
  await exchange.readBodySome(WRITE_DEADLINE_MS);
  await end(exchange, "reset");
}

/** Closes as servers do that want their answer read: the sending direction first. */
async function earlyAnswer(exchange: Exchange, plan: Plan): Promise<void> {
  const head = headBytes(plan, [...lengthOf(plan), ["Connection", "close"]]);
  await exchange.write(concatBytes([head, answerBody(plan)]), WRITE_DEADLINE_MS);
  await exchange.closeWrite();
  await pause(plan.pauseMs);
  await end(exchange, "close");
}

/** Goes on as if nothing were until the proxy ends the connection. */
async function untilClosed(exchange: Exchange): Promise<void> {
  await exchange.peerClosed(Infinity);
}

function end(exchange: Exchange, how: "close" | "reset"): Promise<void> {
  try {
    exchange[how]();
  } catch (error) {
    // Its client has cancelled: the proxy has reset the connection, which is none any more.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    exchange.close();
  }
  return Promise.resolve();
}

function halves(plan: Plan): { head: Bytes; first: Bytes; second: Bytes } {
  const body = answerBody(plan);
  const middle = Math.floor(body.length / 2);
  return {
    head: headBytes(plan, lengthOf(plan)),
    first: body.subarray(0, middle),
    second: body.subarray(middle),
  };
}

function firstHalf(pieces: readonly Bytes[]): readonly Bytes[] {
  return pieces.slice(0, Math.ceil(pieces.length / 2));
}

function wholeAnswer(plan: Plan): Bytes {
  return concatBytes([headBytes(plan, lengthOf(plan)), answerBody(plan)]);
}

function lengthOf(plan: Plan): HeaderList {
  return [["Content-Length", String(answerBody(plan).length)]];
}

function headBytes(plan: Plan, framing: HeaderList): Bytes {
  const { status, headers } = answerHead(plan);
  const connection: HeaderList = plan.close ? [["Connection", "close"]] : [];
  const lines = [...headers, ...framing, ...connection].map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return latin1Bytes(`HTTP/1.1 ${status} Planned\r\n${lines.join("")}\r\n`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
