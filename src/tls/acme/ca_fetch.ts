import { fetchFailure } from "../../net/network_failure.ts";
import { retryAfterMs } from "../../net/retry_after.ts";
import type { Problem } from "./problem.ts";

/** Milliseconds an authority gets to answer one request. */
const REQUEST_TIMEOUT = 30_000;

/**
 * `fetch` for talking to an authority that remembers the last failure: `acme-client` keeps of an
 * error response only its text and of a failed connection nothing, while an operator needs to know
 * which it was, and the back-off needs `Retry-After`.
 */
export class CaFetch {
  readonly #client: Deno.HttpClient;
  #failure: Problem | undefined;

  /**
   * @param caCerts PEM certificates to trust beside the usual ones
   * @param proxyUrl a forward proxy to use in place of what the environment names, see `standInFor`
   */
  constructor(caCerts: readonly string[], proxyUrl?: string) {
    this.#client = Deno.createHttpClient({
      caCerts: [...caCerts],
      ...(proxyUrl !== undefined && { proxy: { url: proxyUrl } }),
    });
  }

  /** The last failure since the last call of this, and forgets it. */
  takeFailure(): Problem | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** The function itself, of the shape that axios and others expect. */
  readonly fetch = async (input: Request | string | URL, init?: RequestInit): Promise<Response> => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT);
    try {
      const response = await fetch(input, { ...init, signal, client: this.#client } as RequestInit);
      if (response.status >= 400) this.#failure = await readProblem(response.clone());
      return response;
    } catch (error) {
      this.#failure = { type: "connection", detail: connectionDetail(error), transport: true };
      throw error;
    }
  };

  close(): void {
    this.#client.close();
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const retryAfter = retryAfterMs(response.headers.get("retry-after"), Date.now());
  const body = await response.text();
  const fallback: Problem = { type: "http", detail: `it answered ${response.status}`, retryAfter };
  try {
    const { type, detail } = JSON.parse(body);
    if (typeof type !== "string") return fallback;
    return {
      type: type.replace(/^urn:ietf:params:acme:error:/, ""),
      detail: String(detail),
      retryAfter,
    };
  } catch {
    return fallback;
  }
}

function connectionDetail(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${REQUEST_TIMEOUT / 1000} seconds`;
  return error.cause instanceof Error ? fetchFailure(error) : error.message;
}
