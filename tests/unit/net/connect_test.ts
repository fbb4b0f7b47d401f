import assert from "node:assert/strict";
import { connectTcp } from "../../../src/net/connect.ts";

/** What `/proc/net/tcp` calls a keep-alive timer. */
const KEEP_ALIVE = "02";

/** The timers of a port's established connections, of those that have the port on their side. */
async function timersOf(port: number): Promise<string[]> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((line) =>
    line.trim().split(/\s+/)
  );
  return sockets.filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === "01")
    .map(([, , , , , timer]) => timer?.split(":")[0] ?? "");
}

/** The port of a connection's own side. */
const portOf = ({ localAddr }: Deno.Conn): number => (localAddr as Deno.NetAddr).port;

Deno.test({
  name: "connections of our own have TCP keep-alive, and those of the runtime have not",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using server = Deno.serve(listen, () => new Response("ok"));
    const { port } = server.addr;
    using conn = await connectTcp({ hostname: "127.0.0.1", port }, new AbortController().signal);
    assert.deepEqual(await timersOf(portOf(conn)), [KEEP_ALIVE]);
    using client = Deno.createHttpClient({});
    await (await fetch(`http://127.0.0.1:${port}`, { client } as RequestInit)).text();
    // Once this fails, the runtime keeps its connections alive, and the README is to say so.
    assert.ok(!(await timersOf(port)).includes(KEEP_ALIVE));
  },
});
