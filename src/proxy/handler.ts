import { type Dialect, dialectOf } from "../clients/dialect.ts";
import { type ClientIdentity, identifyClient } from "../clients/identify.ts";
import type { RequestSettings } from "../config/schema/settings.ts";
import { credentialHeaders, type UpstreamCredential } from "../credentials/credential.ts";
import { CredentialUnavailable } from "../credentials/holder.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { type ErrorCode, errorResponse, Refusal } from "./answers.ts";
import { ClientGone, forward, tooLarge } from "./forward.ts";
import { type HeaderLine, responseWith } from "./headers.ts";
import { modelsResponse } from "./models.ts";
import { joinTarget, pathOf, requestTarget } from "./target.ts";
import {
  forwardWebSocket,
  identifyWebSocketClient,
  type WebSocketRequest,
  webSocketRequest,
} from "./websocket/forward.ts";
import type { Relay } from "./websocket/relay.ts";

/** What the request path works with, made of a worker's settings. */
export interface ProxyDeps {
  /** Settings as they are. */
  readonly settings: RequestSettings;
  /** SHA-256 digests of the client keys that authenticate. */
  readonly acceptedKeys: readonly string[];
  /** Where requests go. */
  readonly upstream: Upstream;
  /** Copies the request headers that may cross, see `requestHeaderFilter`. */
  readonly filterRequestHeaders: (headers: Headers) => HeaderLine[];
}

/** The server that runs the handler. */
export interface Lifecycle {
  /** Whether new requests are refused because it is about to end. */
  readonly isDraining: boolean;
  /** A WebSocket session has begun, which is to be closed and waited for at the end. */
  opened(session: Relay): void;
}

/** What became of a request, for the access log. Filled in as it goes. */
export interface Outcome {
  /** The path without its query; absent when the request had no usable one. */
  path?: string;
  /** The caller's dialect; absent for our own endpoints and where there is no path. */
  dialect?: Dialect;
  /** What was made of the client's credentials; absent when it did not come to that. */
  verdict?: ClientIdentity["verdict"];
  /** Why the proxy itself answered. */
  code?: ErrorCode;
  /** The reason in the transport's words; may name internal addresses, so it is for the log only. */
  detail?: string;
  /** Resolves at the end of the WebSocket session that the response begins. */
  session?: Promise<void> | undefined;
}

/** The status logged for a client that left before any answer, as nginx does. Nobody receives it. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * The request path: checks the client, swaps base URL and credentials, and hands on everything else.
 *
 * @param outcome filled in for the log
 * @returns the upstream's response, or an answer of our own; it never rejects
 */
export async function handleRequest(
  request: Request,
  outcome: Outcome,
  deps: ProxyDeps,
  lifecycle: Lifecycle,
): Promise<Response> {
  let dialect: Dialect = "openai";
  try {
    const target = requestTarget(request.url, hostOf(request.headers));
    if (target === undefined) throw unforwardable("The Host header is not a plain host[:port]");
    const path = outcome.path = pathOf(target);
    dialect = dialectOf(path, request.headers);
    const health = deps.settings.health_endpoints
      ? healthResponse(request.method, path, deps, lifecycle)
      : undefined;
    if (health !== undefined) return health;
    outcome.dialect = dialect;
    return await proxyRequest(request, target, { path, dialect }, outcome, deps, lifecycle);
  } catch (error) {
    if (error instanceof ClientGone) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
    const refusal = refusalOf(error);
    outcome.code = refusal.answer.code;
    if (refusal.detail !== undefined) outcome.detail = refusal.detail;
    return errorResponse(refusal.answer, dialect);
  }
}

/**
 * The Host header. This is the first that is asked of a request's headers, and `has` brings all of
 * them over from the runtime at once, where every `get` before that would ask it by itself.
 */
function hostOf(headers: Headers): string | null {
  return headers.has("host") ? headers.get("host") : null;
}

async function proxyRequest(
  request: Request,
  target: string,
  { path, dialect }: { path: string; dialect: Dialect },
  outcome: Outcome,
  deps: ProxyDeps,
  lifecycle: Lifecycle,
): Promise<Response> {
  if (lifecycle.isDraining) throw shuttingDown();
  const { settings, upstream } = deps;
  const url = forwardableUrl(request, target, upstream.baseUrl);
  const asked = webSocketRequest(request);
  const client = asked
    ? identifyWebSocketClient(request.headers, asked, deps.acceptedKeys)
    : identifyClient(request.headers, deps.acceptedKeys);
  outcome.verdict = client.verdict;
  admitClient(client, settings.unauthenticated);
  if (client.verdict === "authenticated" && settings.models.length > 0) {
    const listed = modelsResponse({ method: request.method, path, dialect }, settings.models);
    if (listed) return listed;
  }
  admitLength(request.headers, settings.max_request_body);
  const headers = deps.filterRequestHeaders(request.headers);
  let credential: UpstreamCredential | undefined;
  if (client.verdict === "authenticated") {
    const atHand = upstream.credential.get();
    credential = atHand instanceof Promise ? await awaited(atHand, request) : atHand;
    headers.push(...credentialHeaders(credential, upstream.host, client.presentedIn));
  }
  const response = asked
    ? await relayWebSocket(request, asked, { url, headers }, outcome, { upstream, lifecycle })
    : await forward(request, url, headers, upstream.transport, settings.max_request_body);
  const { status } = response;
  if (credential !== undefined && (status === 401 || status === 403)) {
    upstream.credential.refused(credential, status);
  }
  if (asked) return response;
  return responseWith(bodyOf(response, request.method), response);
}

/**
 * The body to answer with. `Deno.serve` answers HEAD with an invented `content-length: 0` where there
 * is neither a body nor a length, and with none where there is a stream, which it does not send.
 * Guarded by `tests/wire/framing_test.ts`.
 */
function bodyOf({ body, status, headers }: Response, method: string): Response["body"] {
  if (method !== "HEAD" || headers.has("content-length")) return body;
  return status === 204 || status === 304 ? null : new Blob().stream();
}

/** A credential that had to be waited for, which clients may not do to the end. */
async function awaited(
  credential: Promise<UpstreamCredential>,
  { signal }: Request,
): Promise<UpstreamCredential> {
  const here = await credential;
  if (signal.aborted) throw new ClientGone();
  return here;
}

async function relayWebSocket(
  request: Request,
  asked: WebSocketRequest,
  to: { url: string; headers: HeaderLine[] },
  outcome: Outcome,
  by: { upstream: Upstream; lifecycle: Lifecycle },
): Promise<Response> {
  const { transport, dial } = by.upstream;
  const timeout = transport.headerTimeout;
  const opened = await forwardWebSocket(request, asked, { ...to, timeout }, {
    dial,
    accept: Deno.upgradeWebSocket,
    onOpen: (session) => by.lifecycle.opened(session),
  });
  outcome.session = opened.session?.then((why) => {
    if (why !== undefined) outcome.detail = why;
  });
  return opened.response;
}

/** `GET /healthz`: alive. `GET /readyz`: ready for new work. Both without a key. */
function healthResponse(
  method: string,
  path: string,
  { upstream }: ProxyDeps,
  { isDraining }: Lifecycle,
): Response | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (path === "/healthz") return new Response("ok\n");
  if (path !== "/readyz") return undefined;
  return !isDraining && upstream.credential.isAtHand
    ? new Response("ready\n")
    : new Response("not ready\n", { status: 503 });
}

/** What `fetch` throws on (https://fetch.spec.whatwg.org/#forbidden-method). */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The upstream URL of a request, or a refusal when it could only be forwarded altered. */
function forwardableUrl({ method, headers }: Request, target: string, baseUrl: string): string {
  if (FORBIDDEN_METHODS.has(method) || method !== method.toUpperCase()) {
    throw unforwardable(`The method ${method} cannot be forwarded`, 405);
  }
  if ((method === "GET" || method === "HEAD") && announcesBody(headers)) {
    throw unforwardable(`A ${method} request with a body cannot be forwarded`);
  }
  admitFraming(headers);
  const isAsteriskForm = method === "OPTIONS" && target === "/*";
  const url = isAsteriskForm ? undefined : joinTarget(baseUrl, target);
  if (url === undefined) throw unforwardable("The request target cannot be forwarded unchanged");
  return url;
}

/**
 * A transfer coding in front of `chunked` ends with us (RFC 9112 §6.1), and `Deno.serve` decodes none.
 * Two lengths come through joined: equal ones over HTTP/1.1, any over HTTP/2.
 */
function admitFraming(headers: Headers): void {
  const coding = headers.get("transfer-encoding");
  if (coding !== null && coding.toLowerCase() !== "chunked") {
    throw unforwardable("A transfer-encoding other than chunked cannot be forwarded", 501);
  }
  const length = headers.get("content-length");
  if (length !== null && !/^[0-9]+$/.test(length)) {
    throw unforwardable("A content-length that is not one number cannot be forwarded");
  }
}

function announcesBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return headers.has("transfer-encoding") || (length !== null && Number(length) !== 0);
}

function admitClient(
  { verdict }: ClientIdentity,
  unauthenticated: RequestSettings["unauthenticated"],
): void {
  if (verdict === "denied") {
    throw new Refusal({
      code: "invalid_client_key",
      message:
        "The API key is not one this proxy accepts: check the key in x-api-key, api-key or " +
        "Authorization: Bearer",
    });
  }
  if (verdict === "anonymous" && unauthenticated === "reject") {
    throw new Refusal({
      code: "missing_client_key",
      message: "No API key: send one in x-api-key, api-key or Authorization: Bearer",
    });
  }
}

function admitLength(headers: Headers, maxBodyBytes: number | undefined): void {
  if (maxBodyBytes === undefined) return;
  if (Number(headers.get("content-length")) > maxBodyBytes) {
    throw new Refusal(tooLarge(maxBodyBytes));
  }
}

function unforwardable(message: string, status?: number): Refusal {
  return new Refusal({ code: "unforwardable_request", message, ...(status && { status }) });
}

function shuttingDown(): Refusal {
  return new Refusal({
    code: "shutting_down",
    message: "This proxy is shutting down: send the request again",
    headers: { "connection": "close", "retry-after": "1" },
  });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return error instanceof CredentialUnavailable ? noCredential(error) : internalError(error);
}

function noCredential({ retryAfter }: CredentialUnavailable): Refusal {
  return new Refusal({
    code: "upstream_auth_unavailable",
    message: "This proxy has no token for the upstream at the moment; its log says why",
    headers: { "retry-after": `${retryAfter}` },
  }, "no upstream token");
}

/** A fault of ours: the client learns nothing of it, the log everything. */
function internalError(error: unknown): Refusal {
  return new Refusal(
    { code: "internal_error", message: "The proxy failed to handle this request" },
    error instanceof Error ? error.stack ?? error.message : String(error),
  );
}
