import {
  type ClientIdentity,
  type CredentialHeader,
  identifyClient,
} from "../../clients/identify.ts";
import { offeredProtocols } from "../../clients/key_protocol.ts";
import { Refusal } from "../answers.ts";
import { type Failed, failedSent } from "../failure.ts";
import { type HeaderLine, responseWith } from "../headers.ts";
import { untilAborted } from "../../time/until_aborted.ts";
import { NOT_IN_TIME } from "../../upstreams/connect_probe.ts";
import type { Transport } from "../../upstreams/transport.ts";
import { handshake, type HandshakeAnswer, HandshakeError } from "./handshake.ts";
import { type Relay, relay } from "./relay.ts";
import type { UpstreamConn } from "./upstream_socket.ts";

/** A WebSocket that a client asks for. */
export interface WebSocketRequest {
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
  /** Subprotocols offered, a client key among them left out. */
  readonly protocols: readonly string[];
  /** The client key among the subprotocols. */
  readonly clientKey: string | undefined;
}

/** Seconds of silence after which a client is pinged, twice over: one that is gone is found out. */
const IDLE_TIMEOUT = 120;

/** Headers of the handshake itself, which each side of us makes for itself. */
const HANDSHAKE_HEADER = /^sec-websocket-/;

/** `Sec-WebSocket-Key`: 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Reads a client's handshake (RFC 6455 §4.2.1).
 *
 * @returns `undefined` for an ordinary request, one that offers another protocol among them
 * @throws {Refusal} when the handshake is malformed or of another version
 */
export function webSocketRequest({ method, headers }: Request): WebSocketRequest | undefined {
  if (!list(headers.get("upgrade")?.toLowerCase()).includes("websocket")) return undefined;
  const options = list(headers.get("connection")?.toLowerCase());
  const key = headers.get("sec-websocket-key") ?? "";
  if (method !== "GET" || !options.includes("upgrade") || !KEY.test(key)) {
    throw malformed("The WebSocket handshake is malformed", 400);
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw malformed("Only version 13 of the WebSocket protocol is known", 426);
  }
  const offered = offeredProtocols(headers.get("sec-websocket-protocol"));
  return { key, protocols: offered.protocols, clientKey: offered.key };
}

/** Tells who a WebSocket's client is: a key among the subprotocols counts as a bearer token. */
export function identifyWebSocketClient(
  headers: Headers,
  { clientKey }: WebSocketRequest,
  acceptedKeys: readonly string[],
): ClientIdentity {
  const inHeaders = identifyClient(headers, acceptedKeys);
  if (clientKey === undefined) return inHeaders;
  const asHeader = new Headers({ authorization: `Bearer ${clientKey}` });
  const inProtocol = identifyClient(asHeader, acceptedKeys);
  const presentedIn = new Set<CredentialHeader>([
    ...inHeaders.presentedIn,
    ...inProtocol.presentedIn,
  ]);
  const authenticated = [inHeaders, inProtocol].some(({ verdict }) => verdict === "authenticated");
  return { verdict: authenticated ? "authenticated" : "denied", presentedIn: [...presentedIn] };
}

/** How long an upstream has for a WebSocket: for the connection, and for its answer. */
export type Timeouts = Pick<Transport, "connectTimeout" | "headerTimeout">;

/** What became of a handshake that the upstream answered. */
export interface WebSocketAnswer {
  /** The upstream's refusal, or what begins the session. */
  readonly response: Response;
  /** The session that the response begins. */
  readonly session?: Relay;
}

/**
 * Opens the upstream's WebSocket, then the client's, and relays between them. A refusal by the
 * upstream is returned as its response; the client's connection then goes on. What the network does
 * is returned, not thrown.
 *
 * @param to the upstream's URL, the headers for it, credentials included, and the times it has
 * @param dial opens a connection to the upstream
 */
export async function forwardWebSocket(
  request: Request,
  asked: WebSocketRequest,
  to: { url: string; headers: readonly HeaderLine[]; transport: Timeouts },
  dial: (signal: AbortSignal) => Promise<UpstreamConn>,
): Promise<WebSocketAnswer | Failed> {
  const headers = handshakeHeaders(to.headers, request.headers.get("accept-encoding"));
  // Not AbortSignal.timeout: what waits for that stays in memory until it fires, long after the end.
  const { headerTimeout, connectTimeout } = to.transport;
  const [waiting, connecting] = [headerTimeout.start(), connectTimeout.start()];
  const signal = AbortSignal.any([request.signal, waiting.signal, connecting.signal]);
  const dialing = dial(signal);
  let phase: Failed["phase"] = "connect";
  let opened = false;
  try {
    const conn = await untilAborted(dialing, signal);
    connectTimeout.end(connecting);
    phase = "sent";
    const { url } = to;
    const answer = await untilAborted(handshake(conn, { ...asked, url, headers }), signal);
    if (answer.kind === "refused") {
      return { response: responseWith(answer.response.body, answer.response) };
    }
    const begun = open(request, answer);
    opened = true;
    return begun;
  } catch (error) {
    if (request.signal.aborted) return { failure: { kind: "client_left" }, phase };
    if (waiting.isOverdue) return failedSent({ kind: "overdue" });
    if (error instanceof HandshakeError) {
      return failedSent({ kind: "no_handshake", fault: error.message });
    }
    const words = connecting.isOverdue ? NOT_IN_TIME : String(error);
    return { failure: { kind: "unreachable", words }, phase };
  } finally {
    headerTimeout.end(waiting);
    connectTimeout.end(connecting);
    if (!opened) void dialing.then((conn) => conn.close(), () => {});
  }
}

function open(
  request: Request,
  { socket, protocol, headers }: HandshakeAnswer & { kind: "upgraded" },
): WebSocketAnswer {
  const { response, socket: downstream } = Deno.upgradeWebSocket(request, {
    idleTimeout: IDLE_TIMEOUT,
  });
  responseWith(null, { status: 200, headers }).headers.forEach((value, name) => {
    if (!HANDSHAKE_HEADER.test(name) && name !== "content-length") {
      response.headers.append(name, value);
    }
  });
  // Not through `protocol` of upgradeWebSocket: that one knows no list without spaces.
  if (protocol !== undefined) response.headers.set("sec-websocket-protocol", protocol);
  return { response, session: relay(downstream, socket) };
}

/** A body is not asked for, so the line that keeps `fetch` from decoding one is not needed. */
function handshakeHeaders(
  headers: readonly HeaderLine[],
  acceptEncoding: string | null,
): HeaderLine[] {
  const kept = headers.filter(([name]) =>
    !HANDSHAKE_HEADER.test(name) && name !== "accept-encoding"
  );
  return acceptEncoding === null ? kept : [...kept, ["accept-encoding", acceptEncoding]];
}

function list(value: string | null | undefined): string[] {
  return (value ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function malformed(message: string, status: number): Refusal {
  const headers = status === 426 ? { "sec-websocket-version": "13" } : {};
  return new Refusal({ code: "unforwardable_request", message, status, headers });
}
