import { joinPermissions } from "../../permissions/needs.ts";
import {
  CredentialError,
  type CredentialProvider,
  type CredentialRequest,
  type ProvidedCredential,
} from "../provider.ts";
import type { ProviderType } from "./provider_type.ts";

/** What every member takes from the chain's table where its own does not say. */
export interface SharedKeys {
  readonly scope: string;
  readonly authority_host?: string | undefined;
}

/** A chain: the types of its members, and a table for each. */
export type ChainKeys<Type extends string> =
  & SharedKeys
  & { readonly chain: readonly Type[] }
  & { readonly [Member in Type]: object };

/** The chain of types that can be its members. */
export function chainOf<Type extends string>(
  types: Readonly<Record<Type, ProviderType<SharedKeys>>>,
): ProviderType<ChainKeys<Type>> {
  const members = (keys: ChainKeys<Type>) =>
    keys.chain.map((type): [ProviderType<SharedKeys>, SharedKeys] => {
      const { scope, authority_host } = keys;
      return [types[type], { scope, authority_host, ...keys[type] }];
    });
  return {
    permissions: (keys, variable) =>
      joinPermissions(members(keys).map(([type, own]) => type.permissions(own, variable))),
    create: (keys, context) =>
      new ChainProvider(members(keys).map(([type, own]) => type.create(own, context))),
  };
}

/**
 * The first of several providers that is available on this machine. It is remembered, so the others
 * are never asked again. One that is available but refuses ends the search with its own error: to go
 * on would hide what has to be mended, and use another identity than was meant.
 */
export class ChainProvider implements CredentialProvider {
  readonly #members: readonly CredentialProvider[];
  #chosen: CredentialProvider | undefined;
  #asked: CredentialProvider | undefined;

  constructor(members: readonly CredentialProvider[]) {
    this.#members = members;
  }

  /** Names the member in use, or else the one that was asked last. */
  get name(): string {
    const member = this.#chosen ?? this.#asked;
    return member === undefined ? "chain" : `chain: ${member.name}`;
  }

  async get(request: CredentialRequest): Promise<ProvidedCredential> {
    if (this.#chosen !== undefined) return await this.#chosen.get(request);
    const reasons: string[] = [];
    for (const member of this.#members) {
      this.#asked = member;
      try {
        const credential = await member.get(request);
        this.#chosen = member;
        return credential;
      } catch (error) {
        if (!(error instanceof CredentialError) || error.trouble !== "unavailable") throw error;
        reasons.push(error.message);
      }
    }
    const message = `None of the chain is available: ${reasons.join(" | ")}`;
    throw new CredentialError("unavailable", message);
  }
}
