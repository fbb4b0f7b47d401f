import type { WorkerConfig } from "../ipc/messages.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { requestHeaderFilter } from "../proxy/headers.ts";
import { createUpstream, type HeldCredential } from "../upstreams/upstream.ts";

/**
 * Assembles what the handler works with, for a worker and for the edge alike.
 *
 * @param credential what the upstream is presented
 * @param before what served until a reload; connections are kept where they can be
 */
export function proxyDeps(
  { settings, acceptedKeys, upstream }: WorkerConfig,
  credential: HeldCredential,
  before?: ProxyDeps,
): ProxyDeps {
  return {
    settings,
    acceptedKeys,
    upstream: createUpstream(upstream, credential, before?.upstream),
    filterRequestHeaders: requestHeaderFilter(settings.strip_request_headers),
  };
}
