import { Buffer } from "node:buffer";
import { type Bytes, concatBytes, latin1Bytes } from "../kit/http1/bytes.ts";
import type { HeaderList } from "../kit/http1/message_head.ts";
import { SeededRandom } from "../kit/random/seeded_random.ts";
import { type BehaviourName, BEHAVIOURS } from "./behaviours.ts";

/**
 * One request, and what the upstream is to do with it. It travels in the request's query, so that
 * upstream and client know what to send and to expect without talking to each other.
 */
export interface Plan {
  readonly id: number;
  readonly behaviour: BehaviourName;
  readonly method: "GET" | "POST";
  /** Bytes of the request's body. */
  readonly uploadBytes: number;
  /** Whether the request's body has no content-length. */
  readonly uploadChunked: boolean;
  /** Bytes of the response's body; for `events` their number. */
  readonly size: number;
  /** Milliseconds wherever the behaviour waits: between events, before it closes, inside a body. */
  readonly pauseMs: number;
  /** Whether the connection ends after the answer, which says so: `Connection: close`. */
  readonly close: boolean;
}

/** What each event carries, so that streams of them have a realistic size. */
const EVENT_TEXT = "word ".repeat(16);
const CONTENT = randomBytes(2 * 1024 * 1024);

/** The target of a plan's request. */
export function targetOf(plan: Plan): string {
  const query = Object.entries(plan).map(([key, value]) => `${key}=${value}`);
  return `/v1/messages?${query.join("&")}`;
}

/** The plan that a target carries. */
export function planOf(target: string): Plan {
  const query = new URLSearchParams(target.slice(target.indexOf("?")));
  const number = (name: string) => Number(query.get(name));
  const behaviour = query.get("behaviour") ?? "";
  if (!Object.hasOwn(BEHAVIOURS, behaviour)) {
    throw new Deno.errors.InvalidData(`Cannot read the plan in ${JSON.stringify(target)}`);
  }
  return {
    id: number("id"),
    behaviour: behaviour as BehaviourName,
    method: query.get("method") === "POST" ? "POST" : "GET",
    uploadBytes: number("uploadBytes"),
    uploadChunked: query.get("uploadChunked") === "true",
    size: number("size"),
    pauseMs: number("pauseMs"),
    close: query.get("close") === "true",
  };
}

/** The body of a plan's request. */
export function uploadOf({ id, uploadBytes }: Plan): Bytes {
  return contentOf(id, uploadBytes);
}

/** The body of the upstream's answer, in the pieces in which it is sent. */
export function answerPieces(plan: Plan): Bytes[] {
  const { id, behaviour, size } = plan;
  switch (behaviour) {
    case "events":
      return Array.from({ length: size }, (_, number) => eventOf(id, number));
    case "chunked":
    case "close-chunked":
    case "reset-chunked":
    case "garbage-chunk":
      return split(contentOf(id, size), new SeededRandom(id));
    case "json":
    case "error-529":
      return [latin1Bytes(jsonOf(id, size))];
    default:
      return [contentOf(id, size)];
  }
}

/** The whole body of the upstream's answer. */
export function answerBody(plan: Plan): Bytes {
  return concatBytes(answerPieces(plan));
}

/** Status line and end-to-end header fields of the upstream's answer. */
export function answerHead(plan: Plan): { status: number; headers: HeaderList } {
  const { behaviour, id } = plan;
  return {
    status: behaviour === "error-529" ? 529 : 200,
    headers: [
      ["Content-Type", contentType(behaviour)],
      ["Date", "Tue, 01 Jan 2030 00:00:00 GMT"],
      ["X-Fault-Id", String(id)],
      ["Set-Cookie", "one=1; Path=/"],
      ["Set-Cookie", "two=2"],
      ...(behaviour === "mislabelled"
        ? [["Content-Encoding", "gzip"] satisfies [string, string]]
        : []),
    ],
  };
}

/** Milliseconds that the upstream means to take over the answer. */
export function answerMs({ behaviour, size, pauseMs }: Plan): number {
  if (behaviour === "events") return size * pauseMs;
  return behaviour === "trickle-body" ? size * 1000 : pauseMs;
}

/** One event of a stream, by the stream's plan and its own number. */
export function eventOf(id: number, number: number): Bytes {
  return latin1Bytes(
    `event: content_block_delta\ndata: {"id":${id},"number":${number},"text":"${EVENT_TEXT}"}\n\n`,
  );
}

function contentType(behaviour: BehaviourName): string {
  if (behaviour === "events") return "text/event-stream; charset=utf-8";
  return behaviour === "json" || behaviour === "error-529"
    ? "application/json"
    : "application/octet-stream";
}

/** Bytes of any value, others for each id. */
function contentOf(id: number, length: number): Bytes {
  const start = (id * 7919) % (CONTENT.length - length);
  return CONTENT.subarray(start, start + length);
}

function jsonOf(id: number, length: number): string {
  const text = Buffer.from(contentOf(id, length)).toString("hex").slice(0, length);
  return JSON.stringify({ id, text });
}

function split(bytes: Bytes, random: SeededRandom): Bytes[] {
  const pieces: Bytes[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + random.integer(1, Math.max(2, bytes.length / 4));
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

function randomBytes(length: number): Bytes {
  const random = new SeededRandom(1);
  const words = Uint32Array.from({ length: length / 4 }, () => random.next() * 2 ** 32);
  return new Uint8Array(words.buffer);
}
