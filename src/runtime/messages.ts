/**
 * Every message between the supervisor and its workers.
 *
 * A worker gets what the request path needs and no more: client keys as digests, the credential the
 * upstream is to see, no file names, no secret that could fetch another token.
 *
 * @module
 */
import type { UpstreamCredential } from "../proxy/credentials.ts";
import type { Upstream } from "../proxy/handler.ts";

/** What a worker serves, and how. */
export interface WorkerConfig {
  /** Counts from 1; named in the access log. */
  readonly worker: number;
  readonly listen: { readonly hostname: string; readonly port: number };
  readonly upstream: Upstream;
  /** SHA-256 digests of the client keys. */
  readonly acceptedKeys: readonly Uint8Array[];
  readonly rejectUnauthenticated: boolean;
  readonly healthEndpoints: boolean;
  /** Lower-case prefixes of request headers that do not cross. */
  readonly stripRequestHeaders: readonly string[];
  readonly headerTimeoutMs: number;
  readonly maxBodyBytes: number | undefined;
  readonly upstreamHttp2: boolean;
  /** PEM certificates to trust beside the system's. */
  readonly upstreamCaCerts: readonly string[];
}

/** From the supervisor to a worker. */
export type ToWorker =
  | {
    readonly type: "start";
    readonly config: WorkerConfig;
    readonly credential: UpstreamCredential;
  }
  | { readonly type: "drain" };

/** From a worker to the supervisor. */
export type FromWorker =
  | { readonly type: "listening" }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "requests"; readonly records: readonly RequestRecord[] }
  | { readonly type: "drained" };

/** One request, at its end, for the access log. */
export interface RequestRecord {
  readonly worker: number;
  readonly method: string;
  /** Without the query, which may hold a key; absent when the request had no usable target. */
  readonly path: string | undefined;
  readonly status: number;
  /** Milliseconds to the response's headers. */
  readonly firstByteMs: number;
  /** Milliseconds to the end of the response. */
  readonly totalMs: number;
  /** Content-length of the request, in bytes, where it said. */
  readonly requestBytes: number | undefined;
  /** Content-length of the response, in bytes, where it said. */
  readonly responseBytes: number | undefined;
  readonly client: "authenticated" | "anonymous" | "denied" | undefined;
  /** Whether the client left before the end. */
  readonly aborted: boolean;
  /** The `x-claude-proxy-error` of an answer of the proxy's own. */
  readonly code: string | undefined;
  /** Why, in words that may name internal addresses. */
  readonly detail: string | undefined;
}
