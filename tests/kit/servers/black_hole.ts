/** A port of loopback that takes no connection: each waits until whoever connects gives up. */
export interface BlackHole extends Disposable {
  readonly port: number;
  readonly url: string;
}

/** Milliseconds within which loopback connects, or never. */
const PATIENCE = 300;
/** A queue holds a few more than it is asked for; how many is the system's affair. */
const MOST_QUEUED = 20;

/**
 * Opens one: a listener that accepts nobody, its queue full, so that the kernel answers no SYN. It
 * needs no right of its own, as a firewall or a network namespace would.
 */
export async function openBlackHole(): Promise<BlackHole> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr as Deno.NetAddr;
  const queued: Deno.Conn[] = [];
  for (;;) {
    const conn = await connected(port);
    if (conn === undefined) break;
    queued.push(conn);
    if (queued.length > MOST_QUEUED) throw new Error("The queue of a listener is never full");
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of queued) conn.close();
    },
  };
}

async function connected(port: number): Promise<Deno.Conn | undefined> {
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
