/** What an upstream made of a request. */
export interface UpstreamCall {
  readonly authorization: string | null;
  readonly status: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/** An upstream that answers 200 to some bearers and 401, or what the test says, to all others. */
export class BearerUpstream {
  readonly calls: UpstreamCall[] = [];
  /** The status of a refusal. */
  refusal = 401;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param accepts tells whether a bearer is good right now */
  constructor(accepts: (bearer: string) => boolean) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        await request.body?.cancel();
        const authorization = request.headers.get("authorization");
        const isGood = accepts(authorization?.replace(/^Bearer /, "") ?? "");
        const status = isGood ? 200 : this.refusal;
        this.calls.push({ authorization, status, at: Date.now() });
        return isGood
          ? Response.json({ ok: true })
          : Response.json({ error: { message: "Access denied due to invalid token" } }, { status });
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
