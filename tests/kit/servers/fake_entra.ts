import { Condition } from "../time/condition.ts";
import { makeCertificate } from "../tls/certificate.ts";

/** A token request as the authority saw it. */
export interface TokenRequestSeen {
  readonly tenant: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
}

/** A token that was given out. */
export interface TokenGiven {
  readonly token: string;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Answers a token request; what it throws resets nothing and fails the test's process. */
export type Answer = (request: TokenRequestSeen) => Response | Promise<Response>;

/**
 * A small Entra ID over TLS: discovery of the OpenID configuration, and the token endpoint. It gives
 * out `token-1`, `token-2` and so on, unless the test sets another {@linkcode FakeEntra.answer}.
 */
export class FakeEntra {
  /** Token requests so far. */
  readonly requests: TokenRequestSeen[] = [];
  /** Tokens given out so far. */
  readonly given: TokenGiven[] = [];
  /** Lifetime of a token, in seconds. */
  lifetime = 3600;
  /** After how many seconds it asks for a token to be renewed; where it is absent, it does not. */
  refreshIn: number | undefined;
  /** How the token endpoint answers. */
  answer: Answer = () => this.giveToken();
  /** How discovery answers; `undefined` to answer as Entra does. */
  discovery: (tenant: string) => Response | Promise<Response> | undefined = () => undefined;
  /** Path of a file with the certificate to trust. */
  readonly certificateFile: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #changed = new Condition();

  private constructor(certificateFile: string, cert: string, key: string) {
    this.certificateFile = certificateFile;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      (request) => this.#serve(request),
    );
  }

  static async start(): Promise<FakeEntra> {
    const { cert, key } = await makeCertificate();
    const file = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(file, cert);
    return new FakeEntra(file, cert, key);
  }

  /** For `authority_host`. */
  get url(): string {
    return `https://localhost:${this.#server.addr.port}`;
  }

  /** What makes the program trust this authority. */
  get env(): Record<string, string> {
    return { DENO_CERT: this.certificateFile };
  }

  /** The token given out last. */
  get current(): string | undefined {
    return this.given.at(-1)?.token;
  }

  /** The successful answer of RFC 6749 section 5.1, with Entra's own fields. */
  giveToken(): Response {
    const token = `token-${this.given.length + 1}`;
    this.given.push({ token, expiresAt: Date.now() + this.lifetime * 1000 });
    return Response.json({
      token_type: "Bearer",
      expires_in: this.lifetime,
      ext_expires_in: this.lifetime,
      access_token: token,
      refresh_in: this.refreshIn,
    });
  }

  /** Waits until there have been so many token requests. */
  seen(count: number, deadlineMs?: number): Promise<true> {
    return this.#changed.until(
      () => this.requests.length >= count || undefined,
      () => `${count} token requests, there were ${this.requests.length}`,
      deadlineMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.certificateFile);
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const [, tenant = "", ...rest] = new URL(request.url).pathname.split("/");
    const path = rest.join("/");
    if (path === "v2.0/.well-known/openid-configuration") {
      return await (this.discovery(tenant) ?? this.#configuration(tenant));
    }
    if (path !== "oauth2/v2.0/token") return new Response(null, { status: 404 });
    const form = Object.fromEntries(new URLSearchParams(await request.text()));
    const seen = { tenant, form, headers: new Headers(request.headers), at: Date.now() };
    this.requests.push(seen);
    this.#changed.notify();
    return await this.answer(seen);
  }

  #configuration(tenant: string): Response {
    const base = `${this.url}/${tenant}`;
    return Response.json({
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    });
  }
}

/** An error of Entra's, with the words it uses. */
export function entraError(status: number, code: number, description: string): Response {
  return Response.json({
    error: status === 401 ? "invalid_client" : "invalid_request",
    error_description: `AADSTS${code}: ${description} Trace ID: 1 Correlation ID: 2`,
    error_codes: [code],
  }, { status });
}
