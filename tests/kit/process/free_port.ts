/** Below the ports that Linux gives to outgoing connections, which begin at 32768. */
const RANGE = { from: 15_000, to: 32_000 };

/** Given out by this process, perhaps to a server that does not listen yet. */
const given = new Set<number>();

/**
 * A port of loopback that is free now, for settings that must name one before anybody listens. No
 * outgoing connection takes it in the meantime, no other call here, and hardly another process.
 */
export function freePort(): number {
  for (;;) {
    const port = RANGE.from + Math.floor(Math.random() * (RANGE.to - RANGE.from));
    if (given.has(port)) continue;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      given.add(port);
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
