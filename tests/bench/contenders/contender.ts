/** A server's certificate for localhost, in PEM files, and the authority that vouches for it. */
export interface ServerCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM text. */
  readonly caCert: string;
}

/** What a contender stands between, and where it may run. */
export interface StartOptions {
  /** Where it sends requests: `http://127.0.0.1:PORT`, or `https://localhost:PORT`. */
  readonly upstreamUrl: string;
  /** PEM file with the authority of an `https:` upstream. */
  readonly upstreamCaFile?: string;
  /** To serve TLS with; without it the contender speaks plain HTTP. */
  readonly certificate?: ServerCertificate;
  /** Directory for its files, removed after its end. */
  readonly directory: string;
  /** What contenders with one worker run on, and what those with one a core. */
  readonly cores: { readonly contender: string | undefined; readonly all: string | undefined };
}

/** Where clients send requests to. */
export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The authority to trust, PEM, where the URL is `https:`. */
  readonly caCert?: string;
}

/** The path of a request in the Anthropic dialect. */
export const MESSAGES_PATH = "/v1/messages";
/** The key that clients present. */
export const CLIENT_KEY = "client-key-0123456789";
/** The key that the upstream is to see instead. */
export const UPSTREAM_KEY = "upstream-key-0123456789";

/** A port of localhost as a target for requests in the Anthropic dialect. */
export function localTarget(port: number, certificate?: ServerCertificate): Target {
  return {
    url: certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    path: MESSAGES_PATH,
    headers: { "x-api-key": CLIENT_KEY, "content-type": "application/json" },
    ...(certificate && { caCert: certificate.caCert }),
  };
}

/** A contender at work. */
export interface Running extends AsyncDisposable {
  readonly target: Target;
  /** The process whose tree is accounted for; absent where there is none. */
  readonly pid?: number;
  /** Milliseconds from the start of the process to its first answered request. */
  readonly startMs?: number;
}

/** Something that relays requests to an upstream. */
export interface Contender {
  /** For `--contenders`. */
  readonly key: string;
  /** For the tables. */
  readonly name: string;
  /** Which of its settings matter, for the report. */
  readonly settings: string;
  /** Whether it can serve TLS here. */
  readonly servesTls: boolean;
  /** Whether it can trust the authority of a TLS upstream here. */
  readonly trustsUpstreamCa: boolean;
  /** Events a second in all streams that it can keep up with; more only measures its queue. */
  readonly eventsPerSecond?: number;
  /** Concurrent streams that it opens within a few seconds. */
  readonly mostStreams?: number;
  /**
   * Installs it in the cache where needed, and tells its version.
   *
   * @throws {Error} with the reason, where it cannot be had
   */
  prepare(): Promise<string>;
  /** @throws {Error} when it does not come to answer requests */
  start(options: StartOptions): Promise<Running>;
}
