import { type NetworkFailure, networkFailure } from "../net/network_failure.ts";
import { Refusal } from "./answers.ts";

/** Why an attempt brought no answer that the client could be given. */
export type Failure =
  /** The client left first. */
  | { readonly kind: "client_left" }
  /** None of our credentials came in time; seconds after which there may be one. */
  | { readonly kind: "no_credential"; readonly retryAfter: number }
  /** No headers came in time. */
  | { readonly kind: "overdue" }
  /** The connection failed, or was never made; why, in the runtime's words. */
  | { readonly kind: "unreachable"; readonly words: string }
  /** There was an answer, which cannot be forwarded. */
  | { readonly kind: "unforwardable"; readonly fault: string }
  /** There was an answer to a WebSocket handshake, which is none. */
  | { readonly kind: "no_handshake"; readonly fault: string }
  /** The request's body broke off, or its chunks are malformed. */
  | { readonly kind: "body_broken"; readonly words: string }
  /** The request's body came in so small chunks that taking them apart would hold up others. */
  | { readonly kind: "chunks_too_small" }
  /** The request's body passed the limit, in bytes. */
  | { readonly kind: "body_too_large"; readonly maxBytes: number };

/** An attempt that failed. */
export interface Failed {
  /** Why. */
  readonly failure: Failure;
  /**
   * How far it came. `connect`: there was no connection, so nothing was sent, and the request may be
   * made elsewhere. `unprocessed`: it was sent, and the upstream says that it did not begin with it, so
   * it may be sent again. `sent`: the upstream may have carried it out.
   */
  readonly phase: "connect" | "unprocessed" | "sent";
}

/** An attempt that failed when something had been sent, or may have been. */
export function failedSent(failure: Failure): Failed {
  return { failure, phase: "sent" };
}

/** The answer to a client that is still there. */
export function refusalOf(failure: Exclude<Failure, { kind: "client_left" }>): Refusal {
  switch (failure.kind) {
    case "no_credential":
      return noCredential(failure.retryAfter);
    case "overdue":
      return new Refusal(
        { code: "upstream_timeout", message: "The upstream sent no response headers in time" },
        "no response headers within upstream_header_timeout",
      );
    case "unreachable":
      return unreachable(explanationOf(failure.words), failure.words);
    case "unforwardable":
      return unreachable(
        "The upstream gave an answer that cannot be forwarded",
        `upstream answered with ${failure.fault}`,
      );
    case "no_handshake":
      return unreachable(
        "The upstream gave no valid answer to the handshake",
        `WebSocket handshake: the upstream sent ${failure.fault}`,
      );
    case "body_broken":
      return new Refusal({
        code: "unforwardable_request",
        message: "The request's body broke off, or its chunks are malformed",
      }, failure.words);
    case "chunks_too_small":
      return new Refusal({
        code: "unforwardable_request",
        message: "The request's chunks are too small to be taken apart as fast as they come: " +
          "send its length, or larger chunks",
        status: 411,
      });
    case "body_too_large":
      return tooLarge(failure.maxBytes, "body too large");
  }
}

/**
 * The answer to a body over the limit.
 *
 * @param maxBytes the limit
 * @param detail for the log
 */
export function tooLarge(maxBytes: number, detail?: string): Refusal {
  const message = `The request body is larger than this proxy accepts (${maxBytes} bytes)`;
  return new Refusal({ code: "request_too_large", message }, detail);
}

function noCredential(retryAfter: number): Refusal {
  return new Refusal({
    code: "upstream_auth_unavailable",
    message: "This proxy has no token for the upstream at the moment; its log says why",
    headers: { "retry-after": `${retryAfter}` },
  }, "no upstream token");
}

function unreachable(message: string, detail: string): Refusal {
  return new Refusal({ code: "upstream_unreachable", message }, detail);
}

const PROXY_REFUSED = "A forward proxy does not let requests through to the upstream";

/** What a client may know of a failure, whose words may name internal addresses. */
const EXPLANATIONS: Readonly<Partial<Record<NetworkFailure, string>>> = {
  unknown_host: "The upstream's host name cannot be resolved",
  refused: "The connection to the upstream was refused",
  unreachable: "No connection to the upstream can be made",
  proxy_password: PROXY_REFUSED,
  tunnel: PROXY_REFUSED,
  tls: "The TLS handshake with the upstream failed",
  head_too_large: "The head of the upstream's answer is too large",
  no_http: "The upstream's answer is not valid HTTP",
  goaway: "The upstream ended its HTTP/2 connection (GOAWAY) before it answered",
  stream_refused: "The upstream refused the request's HTTP/2 stream",
};

function explanationOf(words: string): string {
  const failure = networkFailure(words);
  return (failure && EXPLANATIONS[failure]) ??
    "The connection to the upstream failed before it answered";
}
