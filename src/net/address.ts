/** A host and a port, as connections are made to them. */
export interface Endpoint {
  /** A name, or an address without brackets. */
  readonly hostname: string;
  /** From 1 to 65535. */
  readonly port: number;
}

/** An address as `--allow-net` takes it: IPv6 in brackets, no port for "any" (0). */
export function netAddress(hostname: string, port: number): string {
  const host = bracketed(hostname);
  return port === 0 ? host : `${host}:${port}`;
}

/** The host and port of a URL as `--allow-net` takes them, the port spelled out. */
export function netAddressOf(url: string): string {
  const { hostname, port } = endpointOf(url);
  return netAddress(hostname, port);
}

/** Where a URL leads. */
export function endpointOf(url: string | URL): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  const usual = protocol === "https:" ? 443 : 80;
  return { hostname: unbracketed(hostname), port: port === "" ? usual : Number(port) };
}

/** A host as a URL holds it: IPv6 in brackets (RFC 3986 §3.2.2). */
export function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** A host as sockets take it, without the brackets that `URL` leaves around IPv6. */
export function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
