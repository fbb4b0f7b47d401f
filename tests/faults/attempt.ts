import assert from "node:assert/strict";
import { type BodyReader } from "../kit/http1/body_reader.ts";
import { sameBytes, toBytes } from "../kit/http1/bytes.ts";
import { type HeaderList, headerValues, type ResponseHead } from "../kit/http1/message_head.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import type { Ending } from "./behaviours.ts";
import { answerBody, answerHead, answerMs, type Plan, targetOf, uploadOf } from "./plan.ts";

/** How a request went. */
export interface Result {
  readonly plan: Plan;
  /**
   * `cancelled`: the client left early, and what it had until then was right. `wrong`: neither exact
   * nor visibly cut. `hung`: not over within its limit.
   */
  readonly ending: Ending | "cancelled" | "wrong" | "hung";
  /** Milliseconds of `performance.now()`. */
  readonly started: number;
  /** Milliseconds of `performance.now()`. */
  readonly ended: number;
  /** Bytes of the body. */
  readonly received: number;
  /** What was wrong. */
  readonly detail?: string;
}

/** How a request is made. */
export interface AttemptOptions {
  /** The proxy's port. */
  readonly port: number;
  /** Milliseconds after which the client leaves. */
  readonly cancelAfterMs?: number | undefined;
  /** Milliseconds beyond what the upstream means to take until the request counts as hung. */
  readonly patienceMs: number;
  /** Keep-alive connections that are free; a request may take one and put one back. */
  readonly idle: RawClient[];
  /** Whether to take one of them. */
  readonly reuse: boolean;
}

/** Makes the request of a plan and judges what comes back. It never throws. */
export async function attempt(plan: Plan, options: AttemptOptions): Promise<Result> {
  const started = performance.now();
  const judged = await new Attempt(plan, options).run();
  return { plan, started, ended: performance.now(), ...judged };
}

type Judged = Pick<Result, "ending" | "received" | "detail">;

class Attempt {
  readonly #plan: Plan;
  readonly #options: AttemptOptions;
  readonly #limitMs: number;
  #cancelled = false;
  #body: BodyReader | undefined;

  constructor(plan: Plan, options: AttemptOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#limitMs = answerMs(plan) + options.patienceMs;
  }

  async run(): Promise<Judged> {
    const client = await this.#connect();
    const cancel = this.#cancelLater(client);
    try {
      const ending = await this.#exchange(client);
      const reusable = ending === "exact" && this.#plan.method === "GET" && !this.#cancelled;
      if (reusable) this.#options.idle.push(client);
      else client.close();
      return this.#judged(ending);
    } catch (error) {
      client.close();
      return this.#failed(error, client);
    } finally {
      clearTimeout(cancel);
    }
  }

  #connect(): Promise<RawClient> {
    const { idle, reuse, port } = this.#options;
    const free = reuse ? idle.pop() : undefined;
    return free ? Promise.resolve(free) : RawClient.connect({ port, deadlineMs: this.#limitMs });
  }

  #cancelLater(client: RawClient): ReturnType<typeof setTimeout> | undefined {
    const { cancelAfterMs } = this.#options;
    if (cancelAfterMs === undefined) return undefined;
    return setTimeout(() => {
      this.#cancelled = true;
      client.close();
    }, cancelAfterMs);
  }

  async #exchange(client: RawClient): Promise<Ending> {
    const until = performance.now() + this.#limitMs;
    // An answer may come before the request is out; how it ended, the reads tell.
    client.write(requestBytes(this.#plan), this.#limitMs).catch(() => {});
    const head = await client.readHead(until - performance.now());
    this.#body = client.bodyOf(head);
    const { ended } = await this.#body.readAll(until - performance.now());
    if (headerValues(head.headers, "x-claude-proxy-error").length > 0) {
      return this.#cancelled ? "cut" : checkOwnError(head, this.#body);
    }
    return this.#checkAnswer(head, this.#body, ended === "complete");
  }

  #checkAnswer(head: ResponseHead, { received, framing }: BodyReader, whole: boolean): Ending {
    const { status, headers } = answerHead(this.#plan);
    assert.equal(head.status, status);
    const framed = framing.kind === "chunked"
      ? ["transfer-encoding", "chunked"]
      : ["content-length", String(answerBody(this.#plan).length)];
    assert.deepEqual(
      fieldLines(endToEnd(head.headers)),
      fieldLines([...headers, framed as [string, string]]),
    );
    const expected = answerBody(this.#plan);
    assert.ok(received.length <= expected.length, "more bytes than were sent");
    const right = sameBytes(received, expected.subarray(0, received.length));
    assert.ok(right, `other bytes than were sent, among the first ${received.length}`);
    if (!whole) return "cut";
    assert.equal(received.length, expected.length, "a clean end on a cut body");
    return "exact";
  }

  #judged(ending: Ending): Judged {
    const received = this.#body?.received.length ?? 0;
    return { ending: this.#cancelled && ending !== "exact" ? "cancelled" : ending, received };
  }

  #failed(error: unknown, client: RawClient): Judged {
    const received = this.#body?.received.length ?? 0;
    const detail = error instanceof Error ? error.message : String(error);
    if (error instanceof assert.AssertionError) return { ending: "wrong", received, detail };
    if (this.#cancelled) return { ending: "cancelled", received };
    if (error instanceof Deno.errors.TimedOut) return { ending: "hung", received, detail };
    if (client.end !== undefined && error instanceof Deno.errors.UnexpectedEof) {
      return { ending: "unanswered", received, detail };
    }
    return { ending: "wrong", received, detail };
  }
}

/** The bytes of a plan's request. */
function requestBytes(plan: Plan): Uint8Array {
  const { id, method, uploadChunked } = plan;
  const upload = uploadOf(plan);
  const framing: HeaderList = uploadChunked
    ? [["Transfer-Encoding", "chunked"]]
    : [["Content-Length", String(upload.length)]];
  return formatRequest({
    method,
    target: targetOf(plan),
    headers: [
      ["Host", "localhost"],
      ["X-Api-Key", CLIENT_KEY],
      ["X-Request-Id", `fault-${id}`],
      ...(method === "POST" ? framing : []),
    ],
    body: uploadChunked ? chunked(upload) : upload,
  });
}

function chunked(bytes: Uint8Array): Uint8Array {
  const size = toBytes(`${bytes.length.toString(16)}\r\n`);
  return new Uint8Array([...size, ...bytes, ...toBytes("\r\n0\r\n\r\n")]);
}

function checkOwnError(head: ResponseHead, body: BodyReader): Ending {
  assert.equal(body.ended, "complete", "an answer of the proxy's own that is cut");
  const parsed = JSON.parse(new TextDecoder().decode(body.received));
  assert.equal(parsed.type, "error");
  const [code] = headerValues(head.headers, "x-claude-proxy-error");
  const expected = { 502: "upstream_unreachable", 504: "upstream_timeout" }[head.status];
  assert.equal(code, expected);
  return String(head.status) as Ending;
}

/** Without what a server says of its own connection, as it must where it leaves a body unread. */
function endToEnd(headers: HeaderList): HeaderList {
  return headers.filter(([name, value]) => !(name === "connection" && value === "close"));
}

/** Header fields in an order of their own, names in lower case. */
function fieldLines(headers: HeaderList): string[] {
  return headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted();
}
