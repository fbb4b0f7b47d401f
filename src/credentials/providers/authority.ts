/** Entra ID of the public cloud. */
export const PUBLIC_AUTHORITY = "https://login.microsoftonline.com";

/**
 * Microsoft's own authorities, by host.
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 */
const MICROSOFT_HOSTS: ReadonlySet<string> = new Set([
  "login.microsoftonline.com",
  "login.windows.net",
  "login.microsoft.com",
  "sts.windows.net",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
  "login.chinacloudapi.cn",
]);

/** The library's options for an authority. */
export interface AuthorityOptions {
  readonly authorityHost: string;
  /** Set for an authority Microsoft's directory of authorities does not know. */
  readonly disableInstanceDiscovery: boolean;
}

/**
 * How to speak to an authority. One that is none of Microsoft's own (a private cloud, a test) cannot
 * be found by instance discovery, which asks Microsoft's public cloud about it: it is taken as named.
 *
 * @param host URL of the authority, without tenant
 */
export function authorityOptions(host: string): AuthorityOptions {
  const { origin, hostname } = new URL(host);
  return { authorityHost: origin, disableInstanceDiscovery: !MICROSOFT_HOSTS.has(hostname) };
}
