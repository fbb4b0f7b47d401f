/** `AF_UNSPEC` in a `struct sockaddr`: all zero bytes. */
const UNSPECIFIED_ADDRESS = new Uint8Array(16);

/**
 * Ends a TCP connection, plain or under TLS, with RST instead of FIN. What the peer has received
 * but not read may be lost to it, as with any reset.
 *
 * Deno has no `SO_LINGER` and shuts a socket down before closing it, which sends a FIN first. On
 * Linux, `connect(2)` to `AF_UNSPEC` dissolves a connection with RST; the descriptor is found by
 * way of `/proc`. It needs Linux, `--allow-ffi` and `--allow-read`.
 *
 * @throws {Deno.errors.NotSupported} On other systems.
 * @throws {Deno.errors.NotFound} When this process holds no such connection.
 */
export function resetConnection(connection: Deno.Conn): void {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported("Cannot reset a connection: expected Linux");
  }
  const libc = Deno.dlopen("libc.so.6", {
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  });
  try {
    const descriptor = descriptorOf(connection);
    const result = libc.symbols.connect(
      descriptor,
      UNSPECIFIED_ADDRESS,
      UNSPECIFIED_ADDRESS.length,
    );
    if (result !== 0) throw new Error(`Cannot reset descriptor ${descriptor}: connect(2) failed`);
  } finally {
    libc.close();
  }
}

function descriptorOf(connection: Deno.Conn): number {
  const inodes = inodesOf(connection.localAddr as Deno.NetAddr, connection.remoteAddr);
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    if (links.has(linkTarget(`/proc/self/fd/${name}`))) return Number(name);
  }
  throw new Deno.errors.NotFound("Cannot find the connection's descriptor in /proc/self/fd");
}

function inodesOf(local: Deno.NetAddr, remote: Deno.Addr): string[] {
  const suffixes = [local, remote as Deno.NetAddr].map(({ port }) =>
    `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  );
  return ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
    .flatMap((table) => Deno.readTextFileSync(table).trim().split("\n").slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => suffixes.every((suffix, index) => columns[index + 1]?.endsWith(suffix)))
    .map((columns) => columns[9] ?? "");
}

function linkTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return ""; // Closed between the listing and the look.
  }
}
