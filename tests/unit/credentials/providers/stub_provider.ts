import type { FakeClock } from "../../../kit/time/fake_clock.ts";
import {
  type AccessToken,
  TokenError,
  type TokenProvider,
  type TokenRequest,
} from "../../../../src/credentials/providers/token_provider.ts";

/** A provider whose answers the test writes. */
export class StubProvider implements TokenProvider {
  readonly name: string;
  /** Every request so far. */
  readonly requests: TokenRequest[] = [];
  /** How requests are answered. */
  answer: (request: TokenRequest) => AccessToken | Promise<AccessToken>;
  readonly #clock: FakeClock;
  #given = 0;

  /** It gives `token-1`, `token-2` and so on, for an hour each, until told otherwise. */
  constructor(clock: FakeClock, name = "stub") {
    this.#clock = clock;
    this.name = name;
    this.answer = () => this.token(3600);
  }

  token(seconds: number, more: Partial<AccessToken> = {}): AccessToken {
    const expiresAt = this.#clock.now() + seconds * 1000;
    return { token: `token-${++this.#given}`, expiresAt, ...more };
  }

  async getToken(request: TokenRequest): Promise<AccessToken> {
    this.requests.push(request);
    return await this.answer(request);
  }
}

/** An answer that is a failure. */
export function failing(error: TokenError): () => never {
  return () => {
    throw error;
  };
}

/** An authority that is out of reach. */
export const UNREACHABLE = new TokenError("unreachable", "stub: cannot reach the authority");
