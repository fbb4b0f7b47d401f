/** Below the ports that Linux gives to outgoing connections, which begin at 32768. */
const RANGE = { from: 15_000, to: 32_000 };

/**
 * A port of loopback that is free now, for settings that must name one before anybody listens. No
 * outgoing connection takes it in the meantime, and hardly another test.
 */
export function freePort(): number {
  for (;;) {
    const port = RANGE.from + Math.floor(Math.random() * (RANGE.to - RANGE.from));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
