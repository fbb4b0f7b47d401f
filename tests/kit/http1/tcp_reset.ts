/** `AF_UNSPEC` in a `struct sockaddr`: all zero bytes. */
const UNSPECIFIED_ADDRESS = new Uint8Array(16);

const LIBC = {
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof LIBC>["symbols"];

/**
 * Ends a TCP connection, plain or under TLS, with RST instead of FIN. What the peer has received
 * but not read may be lost to it, as with any reset.
 *
 * Deno has no `SO_LINGER` and shuts a socket down before closing it, which sends a FIN first. On
 * Linux, `connect(2)` to `AF_UNSPEC` dissolves a connection with RST; the descriptor is found by
 * the ports at its ends. It needs Linux, `--allow-ffi` and `--allow-read`.
 *
 * @throws {Deno.errors.NotSupported} On other systems.
 * @throws {Deno.errors.NotFound} When this process holds no such connection.
 */
export function resetConnection(connection: Deno.Conn): void {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported("Cannot reset a connection: expected Linux");
  }
  const libc = Deno.dlopen("libc.so.6", LIBC);
  try {
    const descriptor = descriptorOf(connection, libc.symbols);
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

/** Asks each descriptor: `/proc/self/net/tcp` is slow where connections ended by the thousand. */
function descriptorOf(connection: Deno.Conn, { getsockname, getpeername }: Libc): number {
  const local = (connection.localAddr as Deno.NetAddr).port;
  const remote = (connection.remoteAddr as Deno.NetAddr).port;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const descriptor = Number(name);
    const isIt = portOf(descriptor, getsockname) === local &&
      portOf(descriptor, getpeername) === remote;
    if (isIt) return descriptor;
  }
  throw new Deno.errors.NotFound("Cannot find the connection's descriptor in /proc/self/fd");
}

/** The port that a call tells of a socket; undefined where the descriptor is no such socket. */
function portOf(
  descriptor: number,
  call: Libc["getsockname"] | Libc["getpeername"],
): number | undefined {
  const address = new Uint8Array(28); // `struct sockaddr_in6`; an IPv4 one is shorter.
  const length = Uint32Array.of(address.length);
  if (call(descriptor, address, length) !== 0) return undefined;
  return new DataView(address.buffer).getUint16(2); // Behind the family, in both.
}
