/**
 * An upstream that fails in every way it is asked to, see `behaviours.ts`. It prints its port, and
 * then takes orders line by line: `refuse`, `accept`, `report` and `hang up`. Each is answered with a
 * line of JSON.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { createInterface } from "node:readline";
import { sameBytes } from "../kit/http1/bytes.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import { freePort } from "../kit/process/free_port.ts";
import { UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { UpstreamConnection } from "../kit/http1/upstream_connection.ts";
import { ANSWERS, EARLY } from "./answers.ts";
import { type Plan, planOf, uploadOf } from "./plan.ts";
import type { Arrived, Order, UpstreamReport } from "./upstream_process.ts";

/** A connection, and whether a request is being answered on it. */
interface Open {
  readonly conn: Deno.TcpConn;
  readonly connection: UpstreamConnection;
  busy: boolean;
  /** Whether our side has ended: what comes now has crossed our FIN. */
  closing: boolean;
}

class FaultyUpstream {
  /** Outside the ports of outgoing connections: nobody takes it while connections are refused. */
  readonly port = freePort();
  readonly #arrived = new Map<number, Arrived>();
  readonly #violations: string[] = [];
  readonly #open = new Map<number, Open>();
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #connections = 0;

  /** Takes connections. */
  accept(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#accepting = this.#take(this.#listener);
  }

  /** Refuses connections, and ends those that are idle. */
  async refuse(): Promise<void> {
    this.#listener?.close();
    await this.#accepting; // The socket listens on until the pending accept is gone.
    for (const open of this.#open.values()) if (!open.busy) await endSending(open);
  }

  /** Ends every connection. */
  hangUp(): void {
    for (const { connection } of this.#open.values()) connection.close();
  }

  /** What happened so far. */
  report(): UpstreamReport {
    return {
      requests: [...this.#arrived],
      violations: this.#violations,
      connections: this.#connections,
    };
  }

  async #take(listener: Deno.TcpListener): Promise<void> {
    for await (const conn of listener) {
      conn.setNoDelay();
      const connection = new UpstreamConnection(++this.#connections, conn, {
        handle: (exchange) => this.#handle(exchange),
        requestArrived: () => {},
        violation: (what) => this.#violations.push(what),
      });
      const { id } = connection;
      this.#open.set(id, { conn, connection, busy: false, closing: false });
      void connection.serve().finally(() => this.#open.delete(id));
    }
  }

  async #handle(exchange: Exchange): Promise<void> {
    const open = this.#open.get(exchange.connectionId);
    assert.ok(open);
    const plan = planOf(exchange.request.target);
    const arrived = this.#note(plan.id);
    if (open.closing) {
      arrived.late = true;
      return exchange.close();
    }
    open.busy = true;
    checkHead(exchange, plan);
    if (!EARLY.has(plan.behaviour) && !await readUpload(exchange, plan)) return;
    await ANSWERS[plan.behaviour](exchange, plan);
    arrived.answered = true;
    open.busy = false;
    open.closing = plan.behaviour === "close-after";
    if (plan.close) exchange.close();
  }

  #note(id: number): Arrived {
    const arrived = this.#arrived.get(id) ?? { times: 0, late: false, answered: false };
    arrived.times++;
    this.#arrived.set(id, arrived);
    return arrived;
  }
}

async function endSending(open: Open): Promise<void> {
  open.closing = true;
  try {
    await open.conn.closeWrite();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}

/** The request is the client's but for the credentials, and framed as the client framed it. */
function checkHead({ request }: Exchange, plan: Plan): void {
  assert.equal(request.method, plan.method);
  assert.deepEqual(request.values("x-api-key"), [UPSTREAM_KEY]);
  assert.deepEqual(request.values("x-request-id"), [`fault-${plan.id}`]);
  const lengths = plan.method === "POST" && !plan.uploadChunked ? [`${plan.uploadBytes}`] : [];
  assert.deepEqual(request.values("content-length"), lengths);
  assert.equal(request.chunked, plan.uploadChunked);
}

/** Reads the body; false where the client has left in the middle of it. */
async function readUpload(exchange: Exchange, plan: Plan): Promise<boolean> {
  const { bytes, ended } = await exchange.readBody(60_000);
  const expected = uploadOf(plan);
  const whole = ended === "complete";
  const right = sameBytes(bytes, whole ? expected : expected.subarray(0, bytes.length));
  assert.ok(right, `request ${plan.id} came with another body than it was sent with`);
  return whole;
}

async function obey(upstream: FaultyUpstream, order: Order): Promise<unknown> {
  switch (order) {
    case "refuse":
      await upstream.refuse();
      return order;
    case "accept":
      upstream.accept();
      return order;
    case "hang up":
      upstream.hangUp();
      return order;
    case "report":
      return upstream.report();
  }
}

if (import.meta.main) {
  const upstream = new FaultyUpstream();
  upstream.accept();
  console.log(upstream.port);
  for await (const order of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await obey(upstream, order as Order)));
  }
  Deno.exit(); // Whoever started it has gone.
}
