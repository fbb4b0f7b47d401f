import type { Upstream } from "../upstreams/upstream.ts";
import type { Lifecycle } from "./lifecycle.ts";

/**
 * Answers `GET /healthz`: alive, and `GET /readyz`: ready for new work. Both without a key.
 *
 * @returns `undefined` for any other request
 */
export function healthResponse(
  method: string,
  path: string,
  { credential }: Upstream,
  lifecycle: Lifecycle,
): Response | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (path === "/healthz") return new Response("ok\n");
  if (path !== "/readyz") return undefined;
  const isReady = !lifecycle.isDraining && credential.isAtHand;
  return isReady ? new Response("ready\n") : new Response("not ready\n", { status: 503 });
}
