/** A request for a managed identity's token. */
export interface IdentityRequestSeen {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

/**
 * The endpoint that gives a machine's identity its tokens, as IMDS on virtual machines and as App
 * Service's own. Like IMDS it refuses a request without its `Metadata` header.
 */
export class FakeIdentityEndpoint {
  readonly requests: IdentityRequestSeen[] = [];
  /** How a request with the right header is answered. */
  answer: () => Response = () => this.giveToken();
  /** Tokens given out. */
  given = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#serve(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What makes the program take this for IMDS. */
  get imdsEnv(): Record<string, string> {
    return { AZURE_POD_IDENTITY_AUTHORITY_HOST: this.url };
  }

  /** The token given out last. */
  get current(): string {
    return `identity-token-${this.given}`;
  }

  giveToken(): Response {
    this.given++;
    const seconds = 24 * 3600;
    return Response.json({
      access_token: this.current,
      expires_in: String(seconds),
      expires_on: String(Math.floor(Date.now() / 1000) + seconds),
      resource: "https://ai.azure.com",
      token_type: "Bearer",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #serve(request: Request): Response {
    const { pathname: path, searchParams: query } = new URL(request.url);
    this.requests.push({ path, query, headers: request.headers });
    const isProbe = path.startsWith("/metadata") && request.headers.get("metadata") !== "true";
    return isProbe ? Response.json({ error: "invalid_request" }, { status: 400 }) : this.answer();
  }
}
