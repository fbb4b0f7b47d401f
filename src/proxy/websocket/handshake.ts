import { createHash } from "node:crypto";
import { ByteSource } from "../../net/byte_source.ts";
import { writeAll } from "../../net/write_all.ts";
import { responseFault } from "../forward.ts";
import type { HeaderLine } from "../headers.ts";
import { joined } from "./frame_writer.ts";
import { type UpstreamConn, UpstreamSocket } from "./upstream_socket.ts";

/** RFC 6455 §1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Longest body of a refusal to pass on, in bytes. */
const LONGEST_BODY = 1024 * 1024;

/** Bytes that a chunk of it holds in memory besides its own. */
const CHUNK_OVERHEAD = 512;

const HEAD_END = "\r\n\r\n";

/** What is asked of the upstream. */
export interface HandshakeRequest {
  /** The whole URL, http or https. */
  readonly url: string;
  /** Header lines besides those of the handshake itself. */
  readonly headers: readonly HeaderLine[];
  /** The client's `Sec-WebSocket-Key`; the upstream proves that it has read it. */
  readonly key: string;
  /** Subprotocols to offer, in order. */
  readonly protocols: readonly string[];
}

/** The upstream's answer. */
export type HandshakeAnswer =
  | {
    readonly kind: "upgraded";
    readonly socket: UpstreamSocket;
    readonly protocol: string | undefined;
    readonly headers: Headers;
  }
  | { readonly kind: "refused"; readonly response: Response };

/** The upstream's answer is none to a handshake; the message says what it sent. */
export class HandshakeError extends Error {
  /** Tells it apart from other errors. */
  override readonly name = "HandshakeError";
}

/**
 * Asks the upstream for a WebSocket on a fresh connection (RFC 6455 §4.1).
 *
 * @throws {HandshakeError} when the answer is neither a handshake nor a response
 */
export async function handshake(
  conn: UpstreamConn,
  request: HandshakeRequest,
): Promise<HandshakeAnswer> {
  await writeAll(conn, requestHead(request));
  const source = new ByteSource(conn);
  const head = await finalHead(source);
  if (head.status !== 101) {
    return { kind: "refused", response: await refusal(source, head) };
  }
  const protocol = checkUpgrade(head.headers, request);
  return {
    kind: "upgraded",
    socket: new UpstreamSocket(conn, source),
    protocol,
    headers: head.headers,
  };
}

function requestHead({ url, headers, key, protocols }: HandshakeRequest): Uint8Array {
  const { host } = new URL(url);
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  const lines: HeaderLine[] = [
    ["host", host],
    ...headers,
    ["connection", "Upgrade"],
    ["upgrade", "websocket"],
    ["sec-websocket-version", "13"],
    ["sec-websocket-key", key],
    ...(protocols.length > 0
      ? [["sec-websocket-protocol", protocols.join(", ")] satisfies HeaderLine]
      : []),
  ];
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  // Values hold one character a byte, as `Deno.serve` read them.
  return Uint8Array.from(`GET ${target} HTTP/1.1\r\n${fields}\r\n`, (char) => char.charCodeAt(0));
}

interface Head {
  readonly status: number;
  readonly headers: Headers;
}

/** The first head that is no interim one (RFC 9110 §15.2). */
async function finalHead(source: ByteSource): Promise<Head> {
  for (;;) {
    const head = parseHead(await source.until(HEAD_END));
    if (head.status === 101 || head.status >= 200) return head;
  }
}

/** RFC 9112 §4 and §5; a line that is none makes the whole head invalid. */
function parseHead(text: string): Head {
  const [statusLine = "", ...lines] = text.slice(0, -HEAD_END.length).split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw invalid("no status line");
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw invalid("a malformed header line");
    headers.append(name, value);
  }
  return { status: Number(status), headers };
}

/** Whether the handshake is accepted, and with which subprotocol (RFC 6455 §4.1, page 19). */
function checkUpgrade(headers: Headers, { key, protocols }: HandshakeRequest): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") throw invalid("no Upgrade: websocket");
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get("connection") ?? "")) {
    throw invalid("no Connection: Upgrade");
  }
  const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
  if (headers.get("sec-websocket-accept") !== accept) throw invalid("a wrong Sec-WebSocket-Accept");
  if (headers.has("sec-websocket-extensions")) throw invalid("an extension nobody offered");
  const protocol = headers.get("sec-websocket-protocol") ?? undefined;
  if (protocol !== undefined && !protocols.includes(protocol)) {
    throw invalid("a subprotocol nobody offered");
  }
  return protocol;
}

/** The upstream's refusal as it came. Its body is short, so it is read whole. */
async function refusal(source: ByteSource, { status, headers }: Head): Promise<Response> {
  const fault = responseFault({ status, headers });
  if (fault !== undefined) throw invalid(fault);
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : await readBody(source, headers), { status, headers });
}

/** RFC 9112 §6.3. */
async function readBody(source: ByteSource, headers: Headers): Promise<Uint8Array<ArrayBuffer>> {
  if (headers.has("transfer-encoding")) return await chunks(source);
  const length = headers.get("content-length");
  if (length !== null && !/^\d+$/.test(length)) throw invalid("a malformed content-length");
  if (Number(length) > LONGEST_BODY) throw invalid("too long a body");
  if (length !== null) return await source.exact(Number(length)) ?? new Uint8Array();
  const body = await source.rest(LONGEST_BODY + 1);
  if (body.length > LONGEST_BODY) throw invalid("too long a body");
  return body;
}

/** RFC 9112 §7.1. */
async function chunks(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (;;) {
    const size = /^[0-9a-f]{1,8}(?=[\s;])/i.exec(await source.until("\r\n"))?.[0];
    if (size === undefined) throw invalid("a malformed chunk");
    const length = parseInt(size, 16);
    if (length === 0) return joined(parts);
    total += length + CHUNK_OVERHEAD;
    if (total > LONGEST_BODY) throw invalid("too long a body");
    parts.push(await source.exact(length) ?? new Uint8Array());
    if (await source.until("\r\n") !== "\r\n") throw invalid("a malformed chunk");
  }
}

function invalid(what: string): HandshakeError {
  return new HandshakeError(what);
}
