import { isErrorCode } from "../proxy/answers.ts";
import {
  fields,
  line,
  milliseconds,
  number,
  oneOf,
  optional,
  type Reader,
  text,
} from "./readers.ts";

/** Records of one report at most: the supervisor takes some 50 ms for them. */
export const MOST_RECORDS = 2_000;
/** Characters that a record counts besides its headers. */
const RECORD_COST = 1_000;
/** What the records of one report cost at most, in characters; one alone may cost more. */
export const MOST_COST = MOST_RECORDS * RECORD_COST;
/**
 * Headers of a message that are kept. Clients of HTTP/1.1 send 128 at most, but those of HTTP/2 some
 * 450, and an upstream that speaks HTTP/2 more still: many are no reason to end the worker.
 */
const MOST_HEADERS = 512;

export { errorCodes } from "../proxy/answers.ts";

/**
 * What is told of one request, at its end, for the access log and the metrics: each field with the
 * reader that checks what a worker says it is. Labels of metrics are closed sets.
 */
export const RECORD_FIELDS = {
  /** When it ended, in milliseconds since the epoch. */
  time: recently,
  /** The client's own id of it where that is sane, else one of ours. */
  id: line,
  /** The worker that served it. */
  worker: number,
  /** As the client sent it. */
  method: line,
  /** Without the query, which may hold a key; absent when the request had no usable target. */
  path: optional(line),
  /** Absent for our own endpoints, and when the request had no usable target. */
  dialect: optional(oneOf("anthropic", "openai")),
  /** The status sent; 499 when the client left before there was one. */
  status,
  /** Whose answer it was; absent when there was none. */
  source: optional(oneOf("upstream", "proxy")),
  /** Milliseconds to the response's headers; absent when there were none. */
  firstByteMs: optional(milliseconds),
  /** Milliseconds to the end of the response. */
  totalMs: milliseconds,
  /** Content-length of the request, in bytes, where it said. */
  requestBytes: optional(number),
  /** Content-length of the response, in bytes, where it said. */
  responseBytes: optional(number),
  /** What was made of the client's credentials. */
  client: optional(oneOf("authenticated", "anonymous", "denied")),
  /**
   * Who ended it before its end, where that is known: the client left, or the proxy cut it off at
   * `shutdown_timeout`. An upstream that breaks off inside a body cannot be told from a normal end
   * without `upstream_idle_timeout`: nothing that the runtime lets us see differs.
   */
  aborted: optional(oneOf("client", "proxy", "upstream")),
  /** The upstream's own id of the request, for asking its operator. */
  upstreamRequestId: optional(line),
  /** First product of the user agent, with its version. */
  userAgent: optional(line),
  /** The `x-claude-proxy-error` of an answer of the proxy's own. */
  code: optional(errorCode),
  /** Why, in words that may name internal addresses. */
  detail: optional(line),
  /** Redacted; only where `recordHeaders` is set. */
  headers: optional(headers),
};

/** One request, at its end, for the access log and the metrics: see {@linkcode RECORD_FIELDS}. */
export type RequestRecord = {
  readonly [Name in keyof typeof RECORD_FIELDS]: ReturnType<(typeof RECORD_FIELDS)[Name]>;
};

/** What a record takes, in characters: its headers, where it has any, may be 100 times the rest. */
export function recordCost({ headers }: RequestRecord): number {
  if (headers === undefined) return RECORD_COST;
  return RECORD_COST + characters(headers.request) + characters(headers.response);
}

function characters(lines: LoggedHeaders): number {
  return Object.entries(lines).reduce((sum, [name, one]) => sum + name.length + one.length, 0);
}

/**
 * Makes the reader of records.
 *
 * @param worker who tells, whatever it says itself
 */
export function recordReader(worker: number): Reader<RequestRecord> {
  const readers = Object.entries<Reader<unknown>>({ ...RECORD_FIELDS, worker: () => worker });
  return (value) => {
    const given = fields(value);
    const record: Record<string, unknown> = {};
    for (const [name, read] of readers) record[name] = read(given[name]);
    return record as unknown as RequestRecord;
  };
}

/** Milliseconds that a record may be on its way: both ends may have been stopped meanwhile. */
const LONGEST_WAY = 3_600_000;

/** Of any other time the log would begin a file, and at that of the far future delete every other. */
function recently(value: unknown): number {
  const now = Date.now();
  return Math.min(now, Math.max(now - LONGEST_WAY, number(value)));
}

function status(value: unknown): number {
  const found = number(value);
  if (!Number.isInteger(found) || found < 100 || found > 999) {
    throw new TypeError("expected a status");
  }
  return found;
}

/** A made-up code would be a label of its own, and the next one another. */
function errorCode(value: unknown): string {
  const code = text(value);
  return isErrorCode(code) ? code : "other";
}

/** Headers of a message, as they are logged. */
export type LoggedHeaders = Readonly<Record<string, string>>;

function headers(value: unknown): {
  readonly request: LoggedHeaders;
  readonly response: LoggedHeaders;
} {
  const { request, response } = fields(value);
  return { request: lines(request), response: lines(response) };
}

function lines(value: unknown): LoggedHeaders {
  const given = Object.entries(fields(value)).slice(0, MOST_HEADERS);
  return Object.fromEntries(given.map(([name, one]) => [line(name), line(one)]));
}
