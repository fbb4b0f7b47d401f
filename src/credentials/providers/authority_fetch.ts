import { standInFor } from "../../net/environment_proxy.ts";

/** What an authority answered, its body read. */
export interface AuthorityResponse {
  readonly response: Response;
  readonly body: string;
}

/**
 * One request to an authority, on a connection of its own: they are an hour apart. A forward proxy
 * on the way is used as everywhere, its password kept from the authority, see `proxy_stand_in.ts`.
 *
 * @param caCerts PEM certificates to trust beside the usual ones: an intercepting proxy's
 * @throws what `fetch` throws
 */
export async function fetchFromAuthority(
  url: string,
  init: RequestInit,
  caCerts: readonly string[],
): Promise<AuthorityResponse> {
  await using standIn = url.startsWith("https:") ? standInFor(url, caCerts) : undefined;
  using client = Deno.createHttpClient({
    caCerts: [...caCerts],
    ...(standIn && { proxy: { url: standIn.url } }),
  });
  const response = await fetch(url, { ...init, client } as RequestInit);
  return { response, body: await response.text() };
}
