import { latin1Text } from "../../kit/http1/bytes.ts";
import type { HeaderList, ResponseHead } from "../../kit/http1/message_head.ts";
import { headerValues } from "../../kit/http1/message_head.ts";
import { RawClient } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import type { RecordedRequest } from "../../kit/http1/recorded_request.ts";
import { type Case, requestBytes, responseBytes } from "./cases.ts";

/** A request as the upstream saw it. */
export interface SeenRequest {
  method: string;
  target: string;
  version: string;
  headers: HeaderList;
  /** One character a byte. */
  body: string;
  ended: string;
  trailers: HeaderList;
}

/** A response as the client saw it. */
export interface SeenResponse {
  version: string;
  status: number;
  reason: string;
  headers: HeaderList;
  /** One character a byte. */
  body: string;
  ended: string;
  trailers: HeaderList;
  /** Statuses of the 1xx responses before it. */
  interim: number[];
}

/** What came of one exchange. */
export interface Outcome {
  /** What reached the upstream: undefined where nothing did. */
  request: SeenRequest | undefined;
  /** What was wrong with what reached the upstream. */
  malformed: string | undefined;
  /** What reached the client of the upstream's response. */
  response: SeenResponse | undefined;
  /** Otherwise: the proxy's own status, or how the connection ended without a response. */
  refusal: string | undefined;
}

/** One of the proxies that are compared, with an upstream that nobody else uses. */
export class Side implements AsyncDisposable {
  readonly upstream: RawUpstream;
  readonly #proxy: AsyncDisposable & { port: number };
  #client: RawClient | undefined;

  /** Takes over the upstream and the proxy in front of it. */
  constructor(upstream: RawUpstream, proxy: AsyncDisposable & { port: number }) {
    this.upstream = upstream;
    this.#proxy = proxy;
  }

  /** Plays one exchange. */
  async play(test: Case): Promise<Outcome> {
    const { requests, violations } = this.upstream;
    const [requestsBefore, violationsBefore] = [requests.length, violations.length];
    this.#answerWith(test);
    const client = await this.#connection(test);
    const answer = await exchange(client, test);
    const seen = requests.slice(requestsBefore);
    if (seen.length > 1) throw new Error(`sent ${seen.length} times: ${seen[0]?.startLine}`);
    const crossed = answer.response &&
      headerValues(answer.response.headers, "x-upstream").length > 0;
    if (!crossed || !answer.persists || test.response.interim) this.#drop();
    const request = seen[0] && await this.#read(seen[0]);
    return {
      request,
      malformed: violations.slice(violationsBefore).join("; ") || undefined,
      response: crossed ? answer.response : undefined,
      refusal: crossed ? undefined : answer.failure ?? String(answer.response?.status),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
    await this.#proxy[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }

  #answerWith(test: Case): void {
    this.upstream.handler = async (exchange) => {
      if ((await exchange.readBody()).ended !== "complete") return;
      await exchange.write(responseBytes(test));
      if (test.response.closes) exchange.close();
    };
  }

  async #connection({ reuses }: Case): Promise<RawClient> {
    if (!reuses) this.#drop();
    return this.#client ??= await RawClient.connect({ port: this.#proxy.port });
  }

  #drop(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #read(request: RecordedRequest): Promise<SeenRequest> {
    const ended = await request.whenBodyEnded();
    const { method, target, version, bodyText, trailers } = request;
    const headers = request.headers.map(([name, value]): [string, string] => [
      name,
      value === `127.0.0.1:${this.upstream.port}` ? "UPSTREAM" : value,
    ]);
    return { method, target, version, headers, body: bodyText, ended, trailers };
  }
}

interface Answer {
  response: SeenResponse | undefined;
  failure: string | undefined;
  persists: boolean;
}

/** Milliseconds for an answer; a proxy that waits for more of a broken request gives none. */
const ANSWER_DEADLINE_MS = 5_000;

async function exchange(client: RawClient, test: Case): Promise<Answer> {
  const options = { method: test.request.method, deadlineMs: ANSWER_DEADLINE_MS, pipelined: true };
  try {
    await client.write(requestBytes(test));
    const { interim, ...answer } = await client.readResponse(options);
    const response = { ...seen(answer), interim: interim.map(({ status }) => status) };
    const ends = /close/i.test(headerValues(answer.headers, "connection").join());
    return {
      response: {
        ...response,
        body: latin1Text(answer.bytes),
        ended: answer.ended,
        trailers: answer.trailers,
      },
      failure: undefined,
      persists: answer.ended === "complete" && !ends &&
        response.version === "1.1",
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { response: undefined, failure: failureOf(error, client), persists: false };
  }
}

function seen({ statusLine, status, reason, headers }: ResponseHead) {
  return {
    version: statusLine.slice("HTTP/".length).split(" ", 1)[0] ?? "",
    status,
    reason,
    headers,
  };
}

function failureOf(error: Error, client: RawClient): string {
  if (error instanceof Deno.errors.InvalidData) return "malformed response";
  return client.end ?? error.name;
}
