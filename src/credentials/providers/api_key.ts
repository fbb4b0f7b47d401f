import { NO_PERMISSIONS } from "../../permissions/needs.ts";
import type { ApiKeyHeader } from "../credential.ts";
import type { ProviderType } from "./provider_type.ts";

/** A key that the upstream gave us, and where it goes. */
export interface ApiKeyKeys {
  readonly api_key: string;
  readonly header: ApiKeyHeader;
}

/** The key itself: at hand at once, and for good. */
export const apiKey: ProviderType<ApiKeyKeys> = {
  permissions: () => NO_PERMISSIONS,
  create: ({ api_key: key, header }) => ({
    name: "api_key",
    get: () => ({ credential: { kind: "api_key", key, header }, expiresAt: Infinity }),
  }),
};
