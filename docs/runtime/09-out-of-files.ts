/**
 * Running out of files ends `Deno.serve`.
 *
 * Where accepting a connection fails once, as it does when the process has as many files open as
 * it may, `Deno.serve` stops listening and rejects `finished`: as many idle connections as there
 * are descriptors end a server for good, and where nobody handles that promise, the program. The
 * failure passes as soon as a connection is closed; nginx, Node and Go go on.
 *
 * Expected: "accepts again", as with Node.
 *
 * Printed by Deno 2.9.6 with at most 64 open files, of which it takes about 30 for itself:
 *
 * ```text
 * finished: Error: Too many open files (os error 24)
 * half a second after every client has left: ConnectionRefused
 * ```
 *
 * What claude-proxy does: A worker opens another listener then, once it has shut the first one
 * down, which closes its idle connections: `src/worker/server.ts`, guarded by
 * `tests/integration/hostile_descriptors_test.ts`. TLS handshakes survive `shutdown()`.
 */

// Begins itself again with a limit.
if (Deno.args[0] !== "limited") {
  const script = [Deno.execPath(), "run", "--no-config", "-A", Deno.mainModule, "limited"];
  const limited = ["-c", 'ulimit -n 64 && exec "$@"', "sh", ...script];
  const { stdout } = await new Deno.Command("sh", { args: limited }).output();
  await Deno.stdout.write(stdout);
  Deno.exit();
}

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
server.finished.catch((error) => console.log("finished:", error.message));

const held: Deno.Conn[] = [];
let refused = false;
while (!refused) {
  try {
    held.push(await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port }));
  } catch {
    refused = true;
  }
  await new Promise((later) => setTimeout(later, 5));
}
held.forEach((connection) => connection.close());
await new Promise((later) => setTimeout(later, 500));
try {
  await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  console.log("accepts again");
} catch (error) {
  console.log("half a second after every client has left:", (error as Error).name);
}
Deno.exit();
