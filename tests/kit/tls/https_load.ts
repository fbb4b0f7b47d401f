import { connect as connectTcp } from "node:net";
import { connect } from "node:tls";
import { Condition } from "../time/condition.ts";
import { CLIENT_KEY } from "../process/proxy_process.ts";
import { RawClient } from "../http1/raw_client.ts";
import type { Handler } from "../http1/upstream_connection.ts";
import { SseReader } from "../http1/sse.ts";

/** Whom to trust, and for which name. */
export interface Trust {
  port: number;
  ca: string[];
  /** @default {"localhost"} */
  serverName?: string;
}

/** How one new connection fared; times are milliseconds of `performance.now()`. */
export interface Probe {
  started: number;
  ended: number;
  /** Serial number of the certificate it was shown, where the handshake got that far. */
  serial?: string;
  /** Why it got no answer. */
  failure?: string;
}

const PROBE_REQUEST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const STREAM_REQUEST = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n" +
  `x-api-key: ${CLIENT_KEY}\r\nContent-Length: 2\r\n\r\n{}`;

/** An upstream handler that sends numbered events, each so many milliseconds after the one before. */
export function numberedEvents(interval: number, ended: AbortSignal): Handler {
  return async (exchange) => {
    await exchange.readBody();
    await exchange.respond({
      headers: [["Content-Type", "text/event-stream"], ["Transfer-Encoding", "chunked"]],
    });
    for (let number = 0; !ended.aborted; number++) {
      await exchange.writeChunk(`data: ${number}\n\n`);
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
    await exchange.writeChunk();
  };
}

/**
 * Reads one stream of {@linkcode numberedEvents} to its end, and returns how many events it had.
 *
 * @throws {Error} When it is cut, or an event is missing.
 */
export async function readNumberedEvents(trust: Trust, begun: () => void): Promise<number> {
  const { port, ca, serverName } = trust;
  const tls = { caCerts: ca, ...(serverName !== undefined && { serverName }) };
  using client = await RawClient.connect({ port, tls });
  await client.write(STREAM_REQUEST);
  const body = client.bodyOf(await client.readHead());
  const sse = new SseReader();
  let next = 0;
  for (let arrival = await body.readSome(); arrival !== null; arrival = await body.readSome()) {
    for (const { data } of sse.push(arrival.bytes)) {
      if (data !== String(next)) throw new Error(`Expected event ${next}, got ${data}`);
      if (next++ === 0) begun();
    }
  }
  const { ended } = await body.readAll();
  if (ended !== "complete") throw new Error(`Expected a whole stream, got one that was ${ended}`);
  return next;
}

/** New connections at a steady rate, one request each. */
export class ConnectionLoad {
  /** How each fared, in the order in which they ended. */
  readonly probes: Probe[] = [];
  readonly #trust: Trust;
  readonly #changed = new Condition();
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  /** @param rate New connections a second. */
  constructor(trust: Trust, rate: number) {
    this.#trust = trust;
    this.#running = this.#run(rate);
  }

  /** Waits until so many connections have ended that began after a moment. */
  async since(moment: number, count: number): Promise<void> {
    const after = () => this.probes.filter(({ started }) => started > moment).length;
    await this.#changed.until(() => after() >= count || undefined, `${count} new connections`);
  }

  /** Opens no more, and waits for the last to end. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(rate: number): Promise<void> {
    const running: Promise<void>[] = [];
    const begin = performance.now();
    while (!this.#end.signal.aborted) {
      running.push(this.#probe());
      const next = begin + running.length * 1000 / rate;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    }
    await Promise.all(running);
  }

  async #probe(): Promise<void> {
    this.probes.push(await probe(this.#trust));
    this.#changed.notify();
  }
}

/** One connection of its own, with one request. */
function probe({ port, ca, serverName = "localhost" }: Trust): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  const result: Probe = { started: performance.now(), ended: 0 };
  let received = "";
  const tcp = connectTcp({ host: "127.0.0.1", port, noDelay: true });
  const socket = connect({ socket: tcp, ca, servername: serverName });
  socket.on("secureConnect", () => {
    result.serial = socket.getPeerCertificate().serialNumber;
    socket.write(PROBE_REQUEST);
  });
  socket.on("data", (chunk) => received += chunk.toString());
  socket.on("error", (error) => result.failure = error.message);
  socket.on("close", () => {
    if (!received.startsWith("HTTP/1.1 200")) result.failure ??= "closed without an answer";
    resolve({ ...result, ended: performance.now() });
  });
  return promise;
}
