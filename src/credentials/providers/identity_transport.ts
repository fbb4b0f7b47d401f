import type { TokenCredentialOptions } from "@azure/identity";
import { retryAfterMs } from "../../net/retry_after.ts";
import { fetchFromAuthority } from "./authority_fetch.ts";

type HttpClient = NonNullable<TokenCredentialOptions["httpClient"]>;
type PipelineRequest = Parameters<HttpClient["sendRequest"]>[0];
type PipelineResponse = Awaited<ReturnType<HttpClient["sendRequest"]>>;

/** What the authority answered when it gave no token. */
export interface AuthorityAnswer {
  readonly status: number;
  readonly body: string;
  /** Its `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Carries what `@azure/identity` sends, over Deno's `fetch` rather than `node:https`: so it ends when
 * an attempt does, trusts what Deno trusts (`DENO_CERT`, `--cert`, `NODE_EXTRA_CA_CERTS`), and shows
 * what went wrong. The library's own errors leave out the status, `Retry-After` and the network's
 * words.
 */
export class IdentityTransport implements HttpClient {
  /** The last answer that was an error. */
  refusal: AuthorityAnswer | undefined;
  /** What `fetch` threw last. */
  failure: Error | undefined;
  /** PEM certificates that are trusted beside the usual ones. */
  readonly caCerts: readonly string[];
  #signal: AbortSignal | undefined;

  /**
   * @param signal ends every request
   * @param caCerts PEM certificates to trust beside the usual ones
   */
  constructor(signal?: AbortSignal, caCerts: readonly string[] = []) {
    this.#signal = signal;
    this.caCerts = caCerts;
  }

  /** Starts anew, for a library that will not let go of its transport. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.refusal = undefined;
    this.failure = undefined;
  }

  /** @throws what `fetch` throws, or the signal's reason */
  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    try {
      const init: RequestInit = {
        method: request.method,
        headers: [...request.headers],
        body: typeof request.body === "string" ? request.body : null,
        redirect: "manual",
        signal: this.#signal ?? null,
      };
      const { response, body: bodyAsText } = await fetchFromAuthority(
        request.url,
        init,
        this.caCerts,
      );
      if (response.status >= 400) this.refusal = authorityAnswer(response, bodyAsText);
      const headers = new ResponseHeaders(response.headers);
      return { request, headers, status: response.status, bodyAsText };
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }
}

/** Headers in the shape the library reads them. */
class ResponseHeaders extends Map<string, string> {
  override get(name: string): string | undefined {
    return super.get(name.toLowerCase());
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this);
  }
}

function authorityAnswer(response: Response, body: string): AuthorityAnswer {
  const wait = retryAfterMs(response.headers.get("retry-after"), Date.now());
  return { status: response.status, body, retryAfterMs: wait };
}
