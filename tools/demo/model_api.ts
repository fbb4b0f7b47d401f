/**
 * A stand-in for the Claude and OpenAI APIs, for `deno task demo` and for tests
 * that need an upstream. It serves the operations below, each with or without a
 * leading `/anthropic` or `/openai`, in shapes the official SDKs accept:
 *
 * | operation | file |
 * |---|---|
 * | `POST /v1/messages`, `POST /v1/messages/count_tokens` | anthropic.ts |
 * | `POST /v1/responses`, `POST /responses` | openai_responses.ts |
 * | `POST /v1/chat/completions`, `POST /chat/completions` | openai_chat.ts |
 *
 * Asking for the model `error-529` gets a 529, and so on for every status from
 * 400 to 599.
 */
import { setTimeout as sleepFor } from "node:timers/promises";
import * as v from "valibot";
import { countTokens, messages } from "./anthropic.ts";
import { type Dialect, dialectOf } from "../../src/clients/dialect.ts";
import { errorResponse } from "./api_errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { eventStream, type Pace, type Sleep } from "./event_stream.ts";
import { chatCompletions } from "./openai_chat.ts";
import { responses } from "./openai_responses.ts";
import { type Ask, newId, type Reply, replyTo } from "./reply.ts";

/** What {@linkcode createModelApi} can be told. */
export interface ModelApiOptions {
  /**
   * Whether the request carries a key the API knows; where not, it answers 401.
   *
   * @default {() => true}
   */
  acceptsKey?: (headers: Headers) => boolean;
  /**
   * Milliseconds before the first word of an answer.
   *
   * @default {400}
   */
  thinkingTime?: number;
  /**
   * Milliseconds between words.
   *
   * @default {25}
   */
  wordTime?: number;
  /** How to wait; tests hand in their own. Not called to wait 0 ms. */
  sleep?: Sleep;
  /** Called with each request as it arrives, before anything is checked; must leave its body. */
  onRequest?: (request: Request) => void;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/v1/messages": messages,
  "/v1/messages/count_tokens": countTokens,
  "/v1/responses": responses,
  "/responses": responses,
  "/v1/chat/completions": chatCompletions,
  "/chat/completions": chatCompletions,
};

/**
 * Makes the stand-in model API.
 *
 * @example
 * ```ts
 * const api = createModelApi({ thinkingTime: 0, wordTime: 0 });
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, api);
 * ```
 *
 * @param options Keys, pace and hooks.
 * @returns A handler without side effects beyond the hooks it was given.
 */
export function createModelApi(
  options: ModelApiOptions = {},
): (request: Request) => Promise<Response> {
  const { acceptsKey = () => true, onRequest = () => {} } = options;
  const pace: Pace = {
    thinking: options.thinkingTime ?? 400,
    word: options.wordTime ?? 25,
    sleep: options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal && { signal })),
  };
  return async (request) => {
    onRequest(request);
    const { pathname } = new URL(request.url);
    const path = pathname.replace(/^\/(anthropic|openai)(?=\/|$)/, "");
    if (isBase(path) && ["GET", "HEAD"].includes(request.method)) return baseAnswer(request);
    const endpoint = request.method === "POST" ? ENDPOINTS[path] : undefined;
    const dialect = endpoint?.dialect ?? dialectOf(pathname, request.headers);
    const arrived = performance.now();
    const response = endpoint === undefined
      ? errorResponse(dialect, 404, `Unknown operation ${request.method} ${path}`)
      : !acceptsKey(request.headers)
      ? errorResponse(dialect, 401, "Incorrect API key provided")
      : await answer(endpoint, request, pace);
    sign(response.headers, dialect, performance.now() - arrived);
    return response;
  };
}

function isBase(path: string): boolean {
  return path === "" || path === "/" || path === "/v1";
}

function baseAnswer(request: Request): Response {
  return new Response(request.method === "HEAD" ? null : "claude-proxy stand-in model API\n");
}

async function answer(endpoint: Endpoint, request: Request, pace: Pace): Promise<Response> {
  let ask: Ask;
  try {
    ask = endpoint.read(await request.json());
  } catch (error) {
    return errorResponse(endpoint.dialect, 400, complaint(error));
  }
  const fault = /^error-([45]\d\d)$/.exec(ask.model)?.[1];
  if (fault !== undefined) {
    return errorResponse(endpoint.dialect, Number(fault), `The model ${ask.model} always fails`);
  }
  const reply = replyTo(ask);
  if (ask.stream && endpoint.events !== undefined) {
    return new Response(eventStream(endpoint.events(ask, reply), pace), {
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
    });
  }
  await speak(reply, pace);
  return Response.json(endpoint.whole(ask, reply));
}

/** What is wrong with a body that could not be read. */
function complaint(error: unknown): string {
  if (error instanceof SyntaxError) return "The request body is not valid JSON";
  if (!v.isValiError(error)) throw error;
  return error.issues
    .map((issue) => `${v.getDotPath(issue) ?? "body"}: ${issue.message}`)
    .join("; ");
}

/** An answer sent whole takes as long as one that is streamed. */
async function speak(reply: Reply, pace: Pace): Promise<void> {
  const duration = pace.thinking + pace.word * reply.pieces.length;
  if (duration > 0) await pace.sleep(duration);
}

/** Adds the headers by which each API's support finds a request again. */
function sign(headers: Headers, dialect: Dialect, elapsed: number): void {
  if (dialect === "anthropic") {
    headers.set("request-id", newId("req_"));
    headers.set("anthropic-ratelimit-requests-limit", "1000");
    headers.set("anthropic-ratelimit-requests-remaining", "999");
  } else {
    headers.set("x-request-id", newId("req_"));
    headers.set("openai-processing-ms", String(Math.round(elapsed)));
    headers.set("openai-version", "2020-10-01");
  }
}
