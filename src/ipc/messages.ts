/**
 * Every message between the supervisor and its workers.
 *
 * A worker gets what the request path needs and no more: client keys as digests, the credential the
 * upstream is to see, no file names, no secret that could fetch another token.
 *
 * @module
 */
import type { RequestSettings } from "../config/schema/settings.ts";
import type {
  FromCredentialHolder,
  IssuedCredential,
  ToCredentialHolder,
} from "../credentials/messages.ts";
import type { UpstreamConfig } from "../upstreams/upstream.ts";
import type { RequestRecord } from "./request_record.ts";

export type * from "../credentials/messages.ts";
export type { RequestRecord };

/** A certificate chain, leaf first, and its private key, both PEM: all that a worker needs. */
export interface CertificatePair {
  /** The chain. */
  readonly cert: string;
  /** The key of its leaf. */
  readonly key: string;
}

/** What a worker serves, and how: settings as they are, and what is derived from others. */
export interface WorkerConfig {
  /** Counts from 1; named in the access log. */
  readonly worker: number;
  /** The address every worker listens on. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** What the request path uses as it was set. */
  readonly settings: RequestSettings;
  /** Where requests go. */
  readonly upstream: UpstreamConfig;
  /** SHA-256 digests of the client keys. */
  readonly acceptedKeys: readonly string[];
  /**
   * Whether an aborted `request.signal` tells that the client has left. In a compiled program it is
   * aborted after every response: Deno ignores `"unstable": ["no-legacy-abort"]` there.
   */
  readonly abortTellsDeparture: boolean;
  /** Whether the port may be handed over to another process while requests run. */
  readonly handsOver: boolean;
  /** Whether access records bring the headers along, redacted. */
  readonly recordHeaders: boolean;
}

/** What a request worker offers the supervisor: every verb of its life. */
export interface RequestWorker {
  /** Serves from now on; throws when it cannot listen. */
  start(start: WorkerStart): void;
  /** Serves new requests so from now on; `worker` and `listen` stay as they were. */
  reload(config: WorkerConfig): void;
  /** Serves new connections with it, or says why not with `certificateRefused`. */
  certificate(certificate: CertificatePair): void;
  /** Takes what it is told of credentials. */
  credential(message: ToCredentialHolder): void;
  /**
   * Refuses new requests, and returns once no request runs any more. The listener stays: other
   * workers may still be busy.
   */
  drain(): Promise<void>;
  /**
   * Closes the listener, for another process listens on its port by now, and returns once no request
   * runs any more. Until then requests are served, also after {@linkcode RequestWorker.drain}.
   */
  leave(): Promise<void>;
  /** Closes the listener: every worker has drained. */
  close(): Promise<void>;
  /**
   * Closes WebSockets with the code that says why, and reports requests that still run as cut off:
   * the time to drain is over.
   */
  cutOff(): Promise<void>;
}

/** What a worker starts with. */
export interface WorkerStart {
  /** What it serves, and how. */
  readonly config: WorkerConfig;
  /** Absent while there is none yet. */
  readonly credential: IssuedCredential | undefined;
  /** HTTPS with this certificate; plain HTTP without. */
  readonly certificate: CertificatePair | undefined;
}

/** What the supervisor offers a request worker. */
export interface Supervisor {
  /** Takes what became of requests. The next report must not come before this one is answered. */
  requests(report: RequestReport): void;
  /** Takes what the worker says of credentials. */
  credential(message: FromCredentialHolder): void;
  /** Hears that no connection could be accepted; idle ones are closed and the listener opened again. */
  listenerLost(reason: string): void;
  /** Hears that a certificate could not be taken up; the old one is still served. */
  certificateRefused(reason: string): void;
  /** Replaces the worker, which cannot go on. */
  failed(reason: string): void;
}

/** What a worker reports from time to time. */
export interface RequestReport {
  /** Who reports. */
  readonly worker: number;
  /** Requests that run now. */
  readonly inFlight: number;
  /** Those of them that are WebSockets. */
  readonly webSockets: number;
  /** Requests that ended and of which there is no record, because there were too many. */
  readonly lost: number;
  /** Those that ended since the last report, as many as go into one. */
  readonly records: readonly RequestRecord[];
}
