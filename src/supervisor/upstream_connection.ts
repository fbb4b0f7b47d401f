import type { Settings } from "../config/schema/settings.ts";
import { log } from "../logging/logger.ts";
import { environmentProxy, standInFor } from "../net/environment_proxy.ts";
import { certificateAdvice } from "../net/failure_advice.ts";
import { untrustedCertificate } from "../net/network_failure.ts";
import { presentedCertificate } from "../net/peer_certificate.ts";
import { proxyAuthorization } from "../net/tunnel.ts";
import type { TlsOptions } from "../net/connect.ts";
import { readUpstreamTls } from "../tls/upstream_tls.ts";
import type { ForwardProxy } from "../upstreams/transport.ts";

/** Milliseconds before an untrusted certificate is looked at and reported again. */
const REPORT_INTERVAL = 60_000;

/** How connections to the upstream are made, as the supervisor sees it. */
export interface UpstreamConnection extends AsyncDisposable {
  /** The upstream's base URL at the start; a reload may change its path. */
  readonly url: string;
  readonly tls: TlsOptions;
  /** The forward proxy in the way, by the environment. */
  readonly proxy: URL | undefined;
  /** What the environment says of forward proxies in vain: a sentence each. */
  readonly notes: readonly string[];
  /** What workers are to use in place of {@linkcode UpstreamConnection.proxy}. */
  readonly workerProxy: ForwardProxy | undefined;
  /** Whether connections of the workers' own take the way that `fetch` takes. */
  readonly isWayKnown: boolean;
}

/**
 * Finds out how the upstream is reached: reads the certificate files, looks for a forward proxy, and
 * stands in for it, see `proxy_stand_in.ts`: for WebSockets always, and for requests where they would
 * tell the upstream the proxy's password.
 *
 * @throws {StartError} when a file cannot be used
 */
export function openUpstreamConnection(settings: Settings): UpstreamConnection {
  const tls = readUpstreamTls(settings);
  const url = settings.upstream_url;
  const { proxy: named, unread, notes } = environmentProxy(url);
  const proxy = named?.url;
  const standIn = standInFor(url, tls.caCerts);
  const leaks = proxy?.protocol === "http:" && url.startsWith("https:") &&
    proxyAuthorization(proxy) !== undefined;
  if (proxy) log.info("using a forward proxy", { proxy: proxy.host, variable: named?.variable });
  return {
    url,
    tls,
    proxy,
    notes,
    workerProxy: standIn && { url: standIn.url, forRequests: leaks },
    isWayKnown: standIn !== undefined || (proxy === undefined && !unread),
    [Symbol.asyncDispose]: async () => await standIn?.[Symbol.asyncDispose](),
  };
}

/**
 * Makes the function that explains certificates the workers did not trust: it fetches the one that
 * is presented and logs whose it is, at most once a minute.
 *
 * @param now the time in milliseconds
 */
export function certificateReporter(
  { url, proxy, tls }: Pick<UpstreamConnection, "url" | "proxy" | "tls">,
  now: () => number = () => performance.now(),
): (detail: string | undefined) => void {
  let quietUntil = -Infinity;
  return (detail) => {
    const reason = untrustedCertificate(detail ?? "");
    if (reason === undefined || now() < quietUntil) return;
    quietUntil = now() + REPORT_INTERVAL;
    presentedCertificate(url, proxy, tls.caCerts).then(
      (certificate) =>
        log.error("the upstream's certificate is not trusted", {
          reason,
          ...certificate,
          hint: certificateAdvice(reason, "upstream_ca_file"),
        }),
      (error) =>
        log.error("the upstream's certificate is not trusted", { reason, error: `${error}` }),
    );
  };
}
