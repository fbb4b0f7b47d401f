import { networkFailure, untrustedCertificate } from "./network_failure.ts";

/** The settings, or variables, that a remedy names. */
export interface AdvisedSettings {
  /** What gives the server's address: `upstream_url`. */
  readonly address: string;
  /** What gives certificate authorities to trust for it: `upstream_ca_file`. */
  readonly authorities: string;
}

/**
 * What a failure of the network means and what to do about it, worded to go behind the server's name.
 *
 * @param words as `networkFailure` takes them
 * @returns `undefined` where nobody knows
 */
export function failureAdvice(
  words: string,
  { address, authorities }: AdvisedSettings,
): string | undefined {
  const certificate = untrustedCertificate(words);
  if (certificate !== undefined) {
    const advice = certificateAdvice(certificate, authorities);
    return `its certificate is not trusted (${certificate})${advice ? `; ${advice}` : ""}`;
  }
  switch (networkFailure(words)) {
    case "unknown_host":
      return `its host name cannot be resolved; check ${address} and DNS`;
    case "refused":
      return `it refused the connection; check ${address} and the firewall`;
    case "unreachable":
      return `no connection to it can be made; check ${address}, the route to it and the firewall`;
    case "proxy_password":
      return "the forward proxy wants a name and a password; write them into its variable, as " +
        "http://name:password@host:port";
    case "tunnel":
      return "the forward proxy opens no way to it; check that it runs and lets this host through, " +
        "or name the host in NO_PROXY";
    case "not_permitted":
      return "the network permission for it is missing";
    case "tls":
      return `the TLS handshake failed; check that ${address} names a port that speaks TLS`;
    default:
      return undefined;
  }
}

/**
 * What to do about a certificate that is not trusted.
 *
 * @param reason as `untrustedCertificate` gives it
 * @param authorities the setting that names authorities to trust
 * @returns `undefined` where nobody knows
 */
export function certificateAdvice(reason: string, authorities: string): string | undefined {
  return ADVICE.find(([pattern]) => pattern.test(reason))?.[1](authorities);
}

/** What rustls finds fault with. Guarded by `tests/unit/net/failure_advice_test.ts`. */
const ADVICE: readonly [reason: RegExp, advice: (authorities: string) => string][] = [
  [/UnknownIssuer/, (file) => `if it is right, put the issuer's certificate into ${file}`],
  [
    /CaUsedAsEndEntity/,
    (file) =>
      "it is an authority's (CA:TRUE), which Deno takes from no server: give the server one that is " +
      `not (CA:FALSE), and ${file} that one, or its issuer's`,
  ],
  [/^Expired|^certificate expired/, () => "renew it at the server, or set this machine's clock"],
  [/^NotValidYet|^certificate not valid yet/, () => "set this machine's clock, or the server's"],
  [
    /not valid for name/,
    () => "check the host name, and whether something else answers in the server's place",
  ],
  [/extended key usage/, () => "give the server one that is for servers (serverAuth)"],
];
