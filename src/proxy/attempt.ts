import type { ClientIdentity } from "../clients/identify.ts";
import { credentialHeaders, type UpstreamCredential } from "../credentials/credential.ts";
import { CredentialUnavailable } from "../credentials/holder.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { RequestBody } from "./body.ts";
import type { Failed } from "./failure.ts";
import { forward } from "./forward.ts";
import type { HeaderLine } from "./headers.ts";
import { forwardWebSocket, type WebSocketRequest } from "./websocket/forward.ts";
import type { Relay } from "./websocket/relay.ts";

/** An admitted request, whichever upstream it goes to. */
export interface Call {
  /** As it came. */
  readonly request: Request;
  /** Its path and query, byte for byte. */
  readonly target: string;
  /** Who sent it. */
  readonly client: ClientIdentity;
  /** The WebSocket it asks for. */
  readonly upgrade: WebSocketRequest | undefined;
  /** What of its headers crosses. */
  readonly headers: HeaderLine[];
  /** Its body. */
  readonly body: RequestBody;
}

/** What the upstream answered. */
export interface Answer {
  /** The upstream's response, or the one that begins the session. */
  readonly response: Response;
  /** The WebSocket session that it begins. */
  readonly session?: Relay;
}

/**
 * Sends a call to one upstream, with our credential if its client is authenticated. What the network
 * does is returned, not thrown.
 */
export async function attempt(call: Call, upstream: Upstream): Promise<Answer | Failed> {
  const { request, client } = call;
  if (client.verdict !== "authenticated") return await send(call, call.headers, upstream);
  const atHand = upstream.credential.get();
  const credential = atHand instanceof Promise ? await awaited(atHand, request.signal) : atHand;
  if ("failure" in credential) return credential;
  const presented = credentialHeaders(credential, upstream.host, client.presentedIn);
  const sent = await send(call, call.headers.concat(presented), upstream);
  if ("failure" in sent) return sent;
  const { status } = sent.response;
  if (status === 401 || status === 403) upstream.credential.refused(credential, status);
  return sent;
}

/**
 * How often a request is sent again that the upstream did not process. One GOAWAY can hit all that
 * wait, and those that are sent again can meet the next.
 */
const MOST_REPEATS = 10;

async function send(
  { request, target, upgrade, body }: Call,
  headers: HeaderLine[],
  { baseUrl, transport, dial }: Upstream,
): Promise<Answer | Failed> {
  const url = baseUrl + target;
  if (upgrade !== undefined) {
    return await forwardWebSocket(request, upgrade, { url, headers, transport }, dial);
  }
  const forwarding = { request, url, headers, body };
  try {
    let sent = await forward(forwarding, transport);
    for (let repeats = 0; repeats < MOST_REPEATS && mayRepeat(sent, body); repeats++) {
      sent = await forward(forwarding, transport);
    }
    return sent;
  } finally {
    body.letGo();
  }
}

function mayRepeat(sent: Answer | Failed, body: RequestBody): boolean {
  return "failure" in sent && sent.phase === "unprocessed" && body.isRepeatable;
}

/** A credential that had to be waited for, which clients may not do to the end. */
async function awaited(
  credential: Promise<UpstreamCredential>,
  signal: AbortSignal,
): Promise<UpstreamCredential | Failed> {
  try {
    const here = await credential;
    return signal.aborted ? { failure: { kind: "client_left" }, phase: "connect" } : here;
  } catch (error) {
    if (!(error instanceof CredentialUnavailable)) throw error;
    return {
      failure: { kind: "no_credential", retryAfter: error.retryAfter },
      phase: "connect",
    };
  }
}
