import { requestTarget } from "../../proxy/target.ts";

/** Where HTTP-01 responses live (RFC 8555 §8.3). */
const CHALLENGE_PATH = "/.well-known/acme-challenge/";

/** What the responder redirects to. */
export interface HttpsPlace {
  /** The domains of the certificate. */
  readonly domains: readonly string[];
  /** 0 where the system picks it: then there is nothing to redirect to. */
  readonly port: number;
}

/**
 * Answers on the HTTP port: known tokens with their key authorization, any other GET or HEAD with a
 * redirect to the same target over HTTPS, everything else with 404. It redirects to domains of the
 * certificate only, whatever Host a client made up.
 *
 * @param responses key authorizations by token
 */
export function respondToChallenge(
  request: Request,
  responses: ReadonlyMap<string, string>,
  https: HttpsPlace,
): Response {
  const host = request.headers.get("host");
  const target = requestTarget(request.url, host);
  const reads = request.method === "GET" || request.method === "HEAD";
  if (target === undefined || !reads) return notFound();
  if (target.startsWith(CHALLENGE_PATH)) {
    const keyAuthorization = responses.get(target.slice(CHALLENGE_PATH.length));
    if (keyAuthorization === undefined) return notFound();
    return new Response(keyAuthorization, {
      headers: { "content-type": "application/octet-stream" },
    });
  }
  if (https.port === 0) return notFound();
  const location = `https://${httpsHost(host, https)}${target}`;
  return new Response(null, { status: 308, headers: { location } });
}

function httpsHost(host: string | null, { domains, port }: HttpsPlace): string {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  const domain = domains.includes(name) ? name : domains[0];
  return port === 443 ? `${domain}` : `${domain}:${port}`;
}

function notFound(): Response {
  return new Response("not found\n", { status: 404 });
}
