import type { FakeClock } from "../../../kit/time/fake_clock.ts";
import {
  CredentialError,
  type CredentialProvider,
  type CredentialRequest,
  type ProvidedCredential,
} from "../../../../src/credentials/provider.ts";
import { bearer } from "../../../../src/credentials/providers/bearer.ts";

/** A provider whose answers the test writes. */
export class StubProvider implements CredentialProvider {
  readonly name: string;
  /** Every request so far. */
  readonly requests: CredentialRequest[] = [];
  /** How requests are answered. */
  answer: (request: CredentialRequest) => ProvidedCredential | Promise<ProvidedCredential>;
  readonly #clock: FakeClock;
  #given = 0;

  /** It gives `token-1`, `token-2` and so on, for an hour each, until told otherwise. */
  constructor(clock: FakeClock, name = "stub") {
    this.#clock = clock;
    this.name = name;
    this.answer = () => this.token(3600);
  }

  token(seconds: number, more: { refreshAt?: number } = {}): ProvidedCredential {
    const expiresAt = this.#clock.now() + seconds * 1000;
    return bearer({ token: `token-${++this.#given}`, expiresAt, ...more });
  }

  async get(request: CredentialRequest): Promise<ProvidedCredential> {
    this.requests.push(request);
    return await this.answer(request);
  }
}

/** An answer that is a failure. */
export function failing(error: CredentialError): () => never {
  return () => {
    throw error;
  };
}

/** An authority that is out of reach. */
export const UNREACHABLE = new CredentialError("unreachable", "stub: cannot reach the authority");
