import { latin1Text } from "../kit/http1/bytes.ts";
import { type ClientTls, RawClient } from "../kit/http1/raw_client.ts";
import { formatRequest } from "../kit/http1/raw_client.ts";

/** Where a bystander has business. */
export interface BystanderOptions {
  port: number;
  /** @default {false} */
  tls?: ClientTls | false;
  /** Requests a second, in all. @default {100} */
  rate?: number;
}

/** Clients at the same time; every other one opens a connection for each request. */
const CLIENTS = 4;

/**
 * A well-behaved client: requests at a steady rate, each answer compared byte by byte with what it
 * must be. Latencies count from when a request was due, so that none is forgiven for those before it.
 */
export class Bystander {
  /** Milliseconds each right answer took. */
  readonly latencies: number[] = [];
  /** What was wrong with answers, or kept them from coming. */
  readonly wrong: string[] = [];
  readonly #options: BystanderOptions;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: BystanderOptions) {
    this.#options = options;
    this.#running = Promise.all(Array.from({ length: CLIENTS }, (_, index) => this.#run(index)))
      .then(() => {});
  }

  /** Waits for so many answers, right or wrong, from now on. */
  async answers(count: number): Promise<void> {
    const wanted = this.latencies.length + this.wrong.length + count;
    while (this.latencies.length + this.wrong.length < wanted) {
      await new Promise((later) => setTimeout(later, 10));
    }
  }

  /** Sends nothing more, and waits for the last answers. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(index: number): Promise<void> {
    const { rate = 100 } = this.#options;
    const interval = 1000 * CLIENTS / rate;
    // Before anything is due: a process's first TLS connection takes it half a second.
    let kept = await this.#connect().catch((error) => void this.wrong.push(String(error)));
    const begin = performance.now() + index * interval / CLIENTS;
    for (let due = begin; !this.#end.signal.aborted; due += interval) {
      await new Promise((later) => setTimeout(later, Math.max(0, due - performance.now())));
      try {
        const client: RawClient = kept ?? await this.#connect();
        kept = client;
        await ask(client);
        this.latencies.push(performance.now() - due);
        if (index % 2 === 1) kept = void client.close();
      } catch (error) {
        this.wrong.push(String(error));
        kept = void kept?.close();
      }
    }
    kept?.close();
  }

  #connect(): Promise<RawClient> {
    const { port, tls = false } = this.#options;
    return RawClient.connect({ port, tls });
  }
}

async function ask(client: RawClient): Promise<void> {
  const body = crypto.randomUUID().repeat(50);
  await client.write(formatRequest({
    method: "POST",
    target: "/echo",
    headers: [["Host", "localhost"], ["Content-Length", String(body.length)]],
    body,
  }));
  const { status, bytes, ended } = await client.readResponse({ method: "POST" });
  if (status !== 200 || ended !== "complete" || latin1Text(bytes) !== body) {
    throw new Error(
      `Expected 200 and the same body, got ${status}, ${bytes.length} bytes, ${ended}`,
    );
  }
}

/** The least of the values that so large a part of them does not exceed; not a number of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
