import { type Dialect, dialectOf } from "../clients/dialect.ts";
import { type ClientIdentity, identifyClient } from "../clients/identify.ts";
import { credentialHeaders, type UpstreamCredential } from "../credentials/credential.ts";
import { CredentialUnavailable } from "../credentials/holder.ts";
import { type ErrorCode, errorResponse, Refusal } from "./answers.ts";
import { ClientGone, forward, tooLarge, type Transport } from "./forward.ts";
import { type HeaderLine, responseWith } from "./headers.ts";
import { type Model, modelsResponse } from "./models.ts";
import { joinTarget, pathOf, requestTarget } from "./target.ts";
import {
  forwardWebSocket,
  identifyWebSocketClient,
  type WebSocketRequest,
  webSocketRequest,
  type WebSocketTransport,
} from "./websocket/forward.ts";

/** Where requests go. */
export interface Upstream {
  /** Base URL, normalised, without a trailing slash. */
  readonly baseUrl: string;
  /** Host name, without port. */
  readonly host: string;
}

/** Everything the request path needs from outside. */
export interface ProxyDeps {
  /** Where requests go. */
  readonly upstream: Upstream;
  /** How they get there. */
  readonly transport: Transport;
  /** How WebSockets are relayed; without it they are refused. */
  readonly webSockets?: WebSocketTransport;
  /** SHA-256 digests of the client keys that authenticate. */
  readonly acceptedKeys: readonly string[];
  /** Whether a request without a credential is answered 401 instead of forwarded as it is. */
  readonly rejectUnauthenticated: boolean;
  /** Whether `/healthz` and `/readyz` are ours. */
  readonly healthEndpoints: boolean;
  /** Models to list ourselves. */
  readonly models?: readonly Model[];
  /** Copies the request headers that may cross, see `requestHeaderFilter`. */
  readonly filterRequestHeaders: (headers: Headers) => HeaderLine[];
  /** What to present to the upstream: at hand, or awaited. */
  readonly credential: () => UpstreamCredential | Promise<UpstreamCredential>;
  /** The upstream answered 401 or 403 to a credential of ours; the client gets that answer as it is. */
  readonly onRefused: (credential: UpstreamCredential, status: number) => void;
  /** Whether new work is welcome: a credential is at hand and nobody is draining us. */
  readonly isReady: () => boolean;
  /** Whether new requests are refused because we are about to end. */
  readonly isDraining: () => boolean;
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
): Promise<Response> {
  let dialect: Dialect = "openai";
  try {
    const target = requestTarget(request.url, hostOf(request.headers));
    if (target === undefined) throw unforwardable("The Host header is not a plain host[:port]");
    const path = outcome.path = pathOf(target);
    dialect = dialectOf(path, request.headers);
    const health = deps.healthEndpoints ? healthResponse(request.method, path, deps) : undefined;
    if (health !== undefined) return health;
    outcome.dialect = dialect;
    return await proxyRequest(request, target, { path, dialect }, outcome, deps);
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
): Promise<Response> {
  if (deps.isDraining()) throw shuttingDown();
  const url = forwardableUrl(request, target, deps.upstream.baseUrl);
  const asked = webSocketRequest(request);
  const client = asked
    ? identifyWebSocketClient(request.headers, asked, deps.acceptedKeys)
    : identifyClient(request.headers, deps.acceptedKeys);
  outcome.verdict = client.verdict;
  admitClient(client, deps.rejectUnauthenticated);
  if (client.verdict === "authenticated" && deps.models) {
    const listed = modelsResponse({ method: request.method, path, dialect }, deps.models);
    if (listed) return listed;
  }
  admitLength(request.headers, deps.transport.maxBodyBytes);
  const headers = deps.filterRequestHeaders(request.headers);
  let credential: UpstreamCredential | undefined;
  if (client.verdict === "authenticated") {
    const atHand = deps.credential();
    credential = atHand instanceof Promise ? await awaited(atHand, request) : atHand;
    headers.push(...credentialHeaders(credential, deps.upstream.host, client.presentedIn));
  }
  const response = asked
    ? await relayWebSocket(request, asked, { url, headers }, outcome, deps)
    : await forward(request, url, headers, deps.transport);
  const { status } = response;
  if (credential !== undefined && (status === 401 || status === 403)) {
    deps.onRefused(credential, status);
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
  { webSockets, transport }: ProxyDeps,
): Promise<Response> {
  if (webSockets === undefined) throw unforwardable("WebSocket upgrades cannot be forwarded");
  const timeout = transport.headerTimeout;
  const opened = await forwardWebSocket(request, asked, { ...to, timeout }, webSockets);
  outcome.session = opened.session?.then((why) => {
    if (why !== undefined) outcome.detail = why;
  });
  return opened.response;
}

/** `GET /healthz`: alive. `GET /readyz`: ready for new work. Both without a key. */
function healthResponse(method: string, path: string, deps: ProxyDeps): Response | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (path === "/healthz") return new Response("ok\n");
  if (path !== "/readyz") return undefined;
  return deps.isReady() ? new Response("ready\n") : new Response("not ready\n", { status: 503 });
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

function admitClient({ verdict }: ClientIdentity, rejectUnauthenticated: boolean): void {
  if (verdict === "denied") {
    throw new Refusal({
      code: "invalid_client_key",
      message:
        "The API key is not one this proxy accepts: check the key in x-api-key, api-key or " +
        "Authorization: Bearer",
    });
  }
  if (verdict === "anonymous" && rejectUnauthenticated) {
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
