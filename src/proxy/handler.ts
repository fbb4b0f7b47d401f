import { type Dialect, dialectOf } from "../clients/dialect.ts";
import { type ClientIdentity, identifyClient } from "../clients/identify.ts";
import type { RequestSettings } from "../config/schema/settings.ts";
import type { Transport } from "../upstreams/transport.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import {
  admitAnonymous,
  admitClient,
  admitLength,
  admitMessage,
  admittedTarget,
  shuttingDown,
} from "./admission.ts";
import { type ErrorCode, errorResponse, Refusal } from "./answers.ts";
import { type Answer, attempt, type Call } from "./attempt.ts";
import { RequestBody } from "./body.ts";
import { allowReading, preflightResponse } from "./cors.ts";
import { type Failed, refusalOf } from "./failure.ts";
import { type HeaderLine, responseWith } from "./headers.ts";
import { healthResponse } from "./health.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { modelsResponse } from "./models.ts";
import { pathOf } from "./target.ts";
import { watchedBody } from "./watched_body.ts";
import { identifyWebSocketClient, webSocketRequest } from "./websocket/forward.ts";

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

/** What became of a request, for the access log. Filled in as it goes. */
export interface Outcome {
  /** The path without its query; absent when the request had no usable one. */
  path?: string;
  /** The caller's dialect; absent for our own endpoints and where there is no path. */
  dialect?: Dialect;
  /** What was made of the client's credentials; absent when it did not come to that. */
  verdict?: ClientIdentity["verdict"];
  /** The proxy itself answered, be it with an error or not. */
  isOwn?: true;
  /** Why the proxy itself answered with an error. */
  code?: ErrorCode;
  /** The reason in the transport's words; may name internal addresses, so it is for the log only. */
  detail?: string;
  /** Who ended it before its end, other than the client: the upstream, as far as that is watched. */
  aborted?: "upstream";
  /** Resolves at the end of the WebSocket session that the response begins. */
  session?: Promise<void> | undefined;
}

/** The status logged for a client that left before any answer, as nginx does. Nobody receives it. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * The life of a request: checks the client, swaps base URL and credentials, and hands on everything
 * else.
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
  const { settings, upstream } = deps;
  const asked: Asked = { request, outcome, settings };
  let dialect: Dialect = "openai";
  try {
    const target = admittedTarget(request);
    const path = outcome.path = pathOf(target);
    dialect = dialectOf(path, request.headers);
    const health = settings.health_endpoints
      ? healthResponse(request.method, path, upstream, lifecycle)
      : undefined;
    const unkeyed = health ?? preflightResponse(request, settings.cors_origins);
    if (unkeyed !== undefined) return ownAnswer(unkeyed, asked);
    outcome.dialect = dialect;
    if (lifecycle.isDraining) throw shuttingDown();
    const call = admit(request, target, outcome, deps);
    const listed = listedModels(call, path, dialect, settings);
    if (listed !== undefined) return ownAnswer(listed, asked);
    const sent = await attempt(call, upstream);
    if ("failure" in sent) return failureResponse(sent, dialect, asked);
    return call.upgrade === undefined
      ? forClient(sent.response, request.method, upstream.transport, outcome)
      : beginning(sent, outcome, lifecycle);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : internalError(error);
    return refusalResponse(refusal, dialect, asked);
  }
}

/** Finds out who calls and for what, and throws the refusal of what cannot be forwarded. */
function admit(request: Request, target: string, outcome: Outcome, deps: ProxyDeps): Call {
  const { settings, acceptedKeys, filterRequestHeaders } = deps;
  const { headers } = request;
  admitMessage(request, target);
  const upgrade = webSocketRequest(request);
  const client = upgrade === undefined
    ? identifyClient(headers, acceptedKeys)
    : identifyWebSocketClient(headers, upgrade, acceptedKeys);
  outcome.verdict = client.verdict;
  if (client.verdict === "anonymous") admitAnonymous(request, target, acceptedKeys);
  admitClient(client, settings.unauthenticated);
  admitLength(headers, settings.max_request_body);
  const body = new RequestBody(request, settings.max_request_body);
  return { request, target, client, upgrade, headers: filterRequestHeaders(headers), body };
}

/** Our own list of models, for clients that present the key. */
function listedModels(
  { request, client }: Call,
  path: string,
  dialect: Dialect,
  { models }: RequestSettings,
): Response | undefined {
  if (models.length === 0 || client.verdict !== "authenticated") return undefined;
  return modelsResponse({ method: request.method, path, dialect }, models);
}

/** The upstream's response to an ordinary request. */
function forClient(
  response: Response,
  method: string,
  { idleTimeout }: Transport,
  outcome: Outcome,
): Response {
  const body = bodyOf(response, method);
  if (idleTimeout === undefined || body === null || method === "HEAD") {
    return responseWith(body, response);
  }
  const watched = watchedBody(body, idleTimeout, (why) => {
    outcome.aborted = "upstream";
    outcome.detail = why;
  });
  return responseWith(watched, response);
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

/** The response that begins a WebSocket session, or the upstream's refusal of one. */
function beginning(
  { response, session }: Answer,
  outcome: Outcome,
  lifecycle: Lifecycle,
): Response {
  if (session === undefined) return response;
  lifecycle.opened(session);
  outcome.session = session.closed.then((why) => {
    if (why !== undefined) outcome.detail = why;
  });
  return response;
}

/** What an answer of our own answers. */
interface Asked {
  readonly request: Request;
  readonly outcome: Outcome;
  readonly settings: RequestSettings;
}

/** Makes an answer of a failure. */
function failureResponse({ failure }: Failed, dialect: Dialect, asked: Asked): Response {
  return failure.kind === "client_left"
    ? new Response(null, { status: CLIENT_CLOSED_REQUEST })
    : refusalResponse(refusalOf(failure), dialect, asked);
}

function refusalResponse({ answer, detail }: Refusal, dialect: Dialect, asked: Asked): Response {
  asked.outcome.code = answer.code;
  if (detail !== undefined) asked.outcome.detail = detail;
  return ownAnswer(errorResponse(answer, dialect), asked);
}

function ownAnswer(response: Response, { request, outcome, settings }: Asked): Response {
  outcome.isOwn = true;
  allowReading(response, request, settings.cors_origins);
  return response;
}

/** A fault of ours: the client learns nothing of it, the log everything. */
function internalError(error: unknown): Refusal {
  return new Refusal(
    { code: "internal_error", message: "The proxy failed to handle this request" },
    error instanceof Error ? error.stack ?? error.message : String(error),
  );
}
