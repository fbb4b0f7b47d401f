/**
 * Uploads in chunks, without a key: the runtime piles such a body up, and throws the pile away in one
 * go (`docs/runtime/02-chunked-body.ts`).
 *
 * @module
 */
import { concatBytes, toBytes } from "../kit/http1/bytes.ts";
import type { Attack } from "./attack.ts";

const HEAD = "Host: localhost\r\n";
const MEGABYTE = 1_000_000;
/** What the machine takes of one connection; more a second is as fast as it is taken. */
const AT_ONCE = 1_000;

function head(target: string): string {
  return `POST ${target} HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
}

/** At least so many bytes of a body in chunks. */
function chunks(chunkBytes: number, bytes: number): Uint8Array {
  const chunk = `${chunkBytes.toString(16)}\r\n${"x".repeat(chunkBytes)}\r\n`;
  return toBytes(chunk.repeat(Math.ceil(bytes / chunkBytes)));
}

/** Sends the same block so many times at a rate, then leaves. */
function sends(block: Uint8Array, times: number, rate: number): NonNullable<Attack["then"]> {
  return { bytes: () => block, rate, times };
}

const HALF_MEGABYTE = chunks(1_000, MEGABYTE / 2);
const TINY = chunks(1, 50_000);
const SIX = { speaks: "http", uploads: true, connections: 6, opens: 10 } as const;
const ONE = { ...SIX, connections: 1 } as const;

/** What goes before a body so that the runtime reads 64 KiB at a time from then on. */
const BODY = `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 100000\r\n\r\n${"x".repeat(100_000)}`;

/** Every such attack. */
export const UPLOAD_ATTACKS: readonly Attack[] = [
  {
    ...ONE,
    name: "chunks of 1,000 bytes, 50 MB in 2.7 s",
    first: () => head("/"),
    then: sends(HALF_MEGABYTE, 100, 37),
  },
  {
    ...ONE,
    name: "chunks of 1,000 bytes, 10 MB at once",
    first: () => head("/"),
    then: sends(HALF_MEGABYTE, 20, AT_ONCE),
  },
  {
    ...ONE,
    name: "chunks of 1,000 bytes, 25 MB at once",
    first: () => head("/"),
    then: sends(HALF_MEGABYTE, 50, AT_ONCE),
  },
  {
    ...ONE,
    name: "chunks of 16 kB, 100 MB at once",
    first: () => head("/"),
    then: sends(chunks(16_384, MEGABYTE), 100, AT_ONCE),
  },
  {
    ...ONE,
    name: "chunks of 1,000 bytes to a slow upstream",
    first: () => head("/at/2000000"),
    then: sends(HALF_MEGABYTE, 100, 37),
  },
  {
    ...SIX,
    name: "six of these at once, two workers",
    first: () => head("/at/2000000"),
    then: sends(HALF_MEGABYTE, 100, 37),
  },
  {
    ...ONE,
    name: "chunks of 1,000 bytes behind another body",
    first: () => BODY + head("/at/2000000"),
    then: sends(HALF_MEGABYTE, 20, AT_ONCE),
  },
  {
    ...ONE,
    name: "chunks of 1 byte",
    first: () => head("/"),
    then: sends(TINY, 10, AT_ONCE),
  },
  {
    ...ONE,
    name: "chunks of 1 byte behind another body",
    first: () => concatBytes([toBytes(BODY + head("/")), TINY]),
    then: sends(TINY, 10, AT_ONCE),
  },
  {
    ...ONE,
    name: "a refused body in chunks of 1 byte",
    first: () => BODY + head("/").replace(HEAD, `${HEAD}x-api-key: wrong\r\n`),
    then: sends(TINY, 100, 50),
  },
  {
    ...ONE,
    name: "trailers without end",
    takesAWorker: true,
    first: () => `${head("/")}2\r\nab\r\n0\r\n`,
    then: { bytes: () => "a: b\r\n".repeat(50_000), rate: 50 },
  },
];
