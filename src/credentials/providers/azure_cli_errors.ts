import { firstLine } from "./entra_errors.ts";
import { CredentialError } from "../provider.ts";

const NAME = "azure_cli";

/** The error for a machine without `az`. */
export function azNotInstalled(): CredentialError {
  const message = `${NAME}: az is not installed, or not on PATH; install the Azure CLI ` +
    "(https://aka.ms/azure-cli) and run az login";
  return new CredentialError("unavailable", message);
}

/** What `az` says when only a person can help, by logging in. */
const LOGIN_NEEDED =
  /az login|AADSTS(?:50058|50076|50078|50079|50173|70008|70043|70044|700082|700084|9002341)\b/;
const UNREACHABLE =
  /Max retries exceeded|Connection(?:Error| refused| aborted)|ProxyError|Name or service/i;
const UNTRUSTED = /CERTIFICATE_VERIFY_FAILED|Certificate verification failed/i;
/** What `cmd` of Windows says, whatever its language. */
const NOT_FOUND = /^(?!ERROR:|WARNING:)[^\r\n]*['"«]az['"»]/;

/**
 * Turns what `az` has said on standard error into one line that says what to do.
 *
 * @param tenant the tenant it was asked for a token of
 */
export function explainAz(stderr: string, tenant: string | undefined): CredentialError {
  if (NOT_FOUND.test(stderr.trim())) return azNotInstalled();
  if (UNTRUSTED.test(stderr)) {
    const message =
      `${NAME}: az does not trust Entra ID's certificate; name the company CA's PEM ` +
      "file in REQUESTS_CA_BUNDLE, among the proxy's variables";
    return new CredentialError("unreachable", message);
  }
  if (LOGIN_NEEDED.test(stderr)) {
    const code = /AADSTS\d+/.exec(stderr)?.[0];
    const login = tenant === undefined ? "az login" : `az login --tenant ${tenant}`;
    const message = `${NAME}: nobody is logged in; run ${login} as the proxy's user`;
    return new CredentialError("unavailable", code ? `${message} (${code})` : message);
  }
  const said = gistOf(stderr);
  if (!UNREACHABLE.test(stderr)) {
    return new CredentialError("denied", `${NAME}: az failed: ${said}`);
  }
  const proxy = stderr.includes("ProxyError")
    ? " through its forward proxy; check HTTPS_PROXY"
    : "";
  return new CredentialError("unreachable", `${NAME}: az cannot reach Entra ID${proxy} (${said})`);
}

/**
 * The cause of a failed connection, which stands behind a long URL; else the first error that is not
 * the announcement of a traceback; else the last line, where Python names what was raised.
 */
function gistOf(stderr: string): string {
  const lines = stderr.split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !/^WARNING:|Here is the traceback:$/.test(line));
  const error = lines.find((line) => line.startsWith("ERROR:")) ?? lines.at(-1) ?? "";
  const [, kind, cause] = CAUSE.exec(error) ?? [];
  return kind === undefined
    ? firstLine(error.replace(/^ERROR: */, "")) || "it printed nothing"
    : firstLine(`${kind}: ${cause}`);
}

/** `… (Caused by ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 …')))` */
const CAUSE = /\(Caused by (\w+)\(.*?((?:\[Errno|\[SSL|Tunnel connection)[^'"]*)/;
