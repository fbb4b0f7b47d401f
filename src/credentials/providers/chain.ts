import {
  type AccessToken,
  TokenError,
  type TokenProvider,
  type TokenRequest,
} from "./token_provider.ts";

/**
 * The first of several providers that is available on this machine. It is remembered, so the others
 * are never asked again. One that is available but refuses ends the search with its own error: to go
 * on would hide what has to be mended, and use another identity than was meant.
 */
export class ChainProvider implements TokenProvider {
  readonly #members: readonly TokenProvider[];
  #chosen: TokenProvider | undefined;

  constructor(members: readonly TokenProvider[]) {
    this.#members = members;
  }

  /** Names the member in use, once there is one. */
  get name(): string {
    return this.#chosen === undefined ? "chain" : `chain: ${this.#chosen.name}`;
  }

  async getToken(request: TokenRequest): Promise<AccessToken> {
    if (this.#chosen !== undefined) return await this.#chosen.getToken(request);
    const reasons: string[] = [];
    for (const member of this.#members) {
      try {
        const token = await member.getToken(request);
        this.#chosen = member;
        return token;
      } catch (error) {
        if (!(error instanceof TokenError) || error.trouble !== "unavailable") throw error;
        reasons.push(error.message);
      }
    }
    throw new TokenError("unavailable", `None of the chain is available: ${reasons.join(" | ")}`);
  }
}
