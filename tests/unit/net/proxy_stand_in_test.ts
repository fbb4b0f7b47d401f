import assert from "node:assert/strict";
import { startProxyStandIn } from "../../../src/net/proxy_stand_in.ts";

const AUTHORITY = "upstream.example:443";

function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function connect(url: string): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
}

async function ask(conn: Deno.Conn): Promise<void> {
  await conn.write(new TextEncoder().encode(`CONNECT ${AUTHORITY} HTTP/1.1\r\n\r\n`));
}

/** Reads to the end, however that comes. */
async function ended(conn: Deno.Conn): Promise<void> {
  try {
    while (await conn.read(new Uint8Array(1024)) !== null);
  } catch (error) {
    assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
  }
}

for (const beginning of ["", "CONNECT upstream"]) {
  Deno.test(`a local connection that sends "${beginning}" and no more is closed`, async () => {
    const proxy = new URL("http://127.0.0.1:1");
    await using standIn = startProxyStandIn({ proxy, authority: AUTHORITY }, 50);
    using client = await connect(standIn.url);
    await client.write(new TextEncoder().encode(beginning));
    await ended(client);
  });
}

Deno.test("a tunnel outlives the time that its head may take", async () => {
  using listener = listen();
  const proxy = new URL(`http://127.0.0.1:${listener.addr.port}`);
  await using standIn = startProxyStandIn({ proxy, authority: AUTHORITY }, 50);
  using client = await connect(standIn.url);
  await ask(client);
  using accepted = await listener.accept();
  await accepted.read(new Uint8Array(1024));
  await new Promise((later) => setTimeout(later, 150));
  for (const [from, to] of [[client, accepted], [accepted, client]] as const) {
    await from.write(Uint8Array.of(7, 8, 9));
    const into = new Uint8Array(10);
    assert.equal(await to.read(into), 3);
    assert.deepEqual([...into.subarray(0, 3)], [7, 8, 9]);
  }
});

// The handshake with an https proxy cannot be cancelled: only the client's side is closed then.
for (const scheme of ["http", "https"]) {
  Deno.test(`an ${scheme} proxy that never answers holds no client that leaves`, async () => {
    using listener = listen();
    const proxy = new URL(`${scheme}://127.0.0.1:${listener.addr.port}`);
    await using standIn = startProxyStandIn({ proxy, authority: AUTHORITY });
    using client = await connect(standIn.url);
    await ask(client);
    using accepted = await listener.accept();
    assert.ok(await accepted.read(new Uint8Array(1024)));
    await client.closeWrite();
    await ended(client);
    if (scheme === "http") await ended(accepted);
  });
}
