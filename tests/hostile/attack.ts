import { type ClientTarget, RawClient } from "../kit/http1/raw_client.ts";

/** How attackers behave. All of it is done by one process with one event loop, see `attacker.ts`. */
export interface Attack {
  readonly name: string;
  /** What they connect to, and what they speak there; h2c is HTTP/2 without TLS. */
  readonly speaks: "http" | "https" | "h2" | "h2c" | "tcp to the TLS port";
  /** Whether they meet the proxy in front of the upstream that takes uploads. @default {false} */
  readonly uploads?: boolean;
  /**
   * Whether it takes the worker that it meets, until that one is replaced for its silence or for the
   * memory it holds: others on that worker wait, so that `deno task hostile` does not fail over it, and
   * the suite shows the end of two such attacks (`hostile_floods_test.ts`). @default {false}
   */
  readonly takesAWorker?: boolean;
  /** Connections at the same time. */
  readonly connections: number;
  /** Most connections opened a second, by all together: a closed one is opened again. */
  readonly opens: number;
  /** What a connection begins with. @default {nothing} */
  readonly first?: (connection: number) => string | Uint8Array;
  /** What it sends from then on, and how many times a second each connection does. */
  readonly then?: {
    bytes: (count: number) => string | Uint8Array;
    rate: number;
    /** How many times it does, to leave by FIN then. @default {without end} */
    times?: number;
  };
  /** Whether it reads what it gets, and waits for the end. @default {false} */
  readonly reads?: boolean;
  /** When it leaves by itself, and how. @default {never} */
  readonly leaves?: {
    after: "sending" | "the first bytes";
    by: "FIN" | "RST";
  };
}

/** Whom to attack. */
export interface Victim {
  /** Of the proxy without TLS. */
  readonly port: number;
  /** Of the proxy with TLS. */
  readonly tlsPort: number;
  /** Whose certificates that one has, PEM. */
  readonly caCerts: string[];
}

/** What attackers have done so far. */
export interface Progress {
  opened: number;
  /** Connections that are open now. */
  open: number;
  /** Times that something was sent on a connection, beyond its first bytes. */
  sent: number;
}

/** Milliseconds until a connection that the victim ends at once is opened again, at least. */
const PAUSE = 100;

/** Attacks until the signal ends it; every connection is closed then. */
export async function run(
  attack: Attack,
  victim: Victim,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<void> {
  const opening = paced(attack.opens);
  const attackers = Array.from({ length: attack.connections }, async (_, index) => {
    for (let count = index; !signal.aborted; count += attack.connections) {
      await opening(signal);
      if (signal.aborted) return;
      await oneConnection(attack, victim, { count, signal, progress }).catch(ended);
      await pause(PAUSE, signal);
    }
  });
  await Promise.all(attackers);
}

async function oneConnection(
  attack: Attack,
  victim: Victim,
  { count, signal, progress }: { count: number; signal: AbortSignal; progress: Progress },
): Promise<void> {
  const client = await RawClient.connect(targetOf(attack, victim));
  const close = () => client.close();
  if (signal.aborted) return close();
  signal.addEventListener("abort", close);
  progress.opened++;
  progress.open++;
  try {
    if (attack.first) await client.write(attack.first(count), Infinity);
    const reading = attack.reads ? readAll(client) : undefined;
    reading?.catch(ended);
    if (attack.leaves) return await leave(client, attack.leaves);
    if (attack.then) await keepSending(client, attack.then, { signal, progress });
    if (attack.then?.times !== undefined) return;
    await (reading ?? ending(signal));
  } finally {
    progress.open--;
    signal.removeEventListener("abort", close);
    client.close();
  }
}

function targetOf({ speaks }: Attack, { port, tlsPort, caCerts }: Victim): ClientTarget {
  switch (speaks) {
    case "http":
    case "h2c":
      return { port };
    case "tcp to the TLS port":
      return { port: tlsPort };
    case "https":
      return { port: tlsPort, tls: { caCerts, alpnProtocols: ["http/1.1"] } };
    case "h2":
      return { port: tlsPort, tls: { caCerts, alpnProtocols: ["h2"] } };
  }
}

async function leave(
  client: RawClient,
  { after, by }: NonNullable<Attack["leaves"]>,
): Promise<void> {
  if (after === "the first bytes") await client.readSome();
  if (by === "RST") client.reset();
}

async function keepSending(
  client: RawClient,
  { bytes, rate, times = Infinity }: NonNullable<Attack["then"]>,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<void> {
  let due = performance.now();
  for (let count = 0; count < times && !signal.aborted; count++) {
    due = Math.max(due + 1000 / rate, performance.now() - 1000 / rate);
    await pause(due - performance.now(), signal);
    await client.write(bytes(count), Infinity);
    progress.sent++;
  }
}

async function readAll(client: RawClient): Promise<void> {
  while (await client.readSome(Infinity) !== null);
}

/** It does not read, so it does not learn of the victim's closing either: it stays until told. */
function ending(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** Whatever ends a connection is fine with an attacker. */
function ended(error: unknown): void {
  const kinds = [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionAborted,
    Deno.errors.ConnectionRefused,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
    Deno.errors.NotFound, // Reset, but the connection had ended already.
    Deno.errors.TimedOut,
    Deno.errors.UnexpectedEof,
  ];
  if (!kinds.some((kind) => error instanceof kind)) throw error;
}

/** Lets so many callers a second go on. */
function paced(rate: number): (signal: AbortSignal) => Promise<void> {
  let next = performance.now();
  return async (signal) => {
    const now = performance.now();
    next = Math.max(next + 1000 / rate, now);
    await pause(next - now, signal);
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const cut = () => resolve();
  signal.addEventListener("abort", cut);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", cut);
}
