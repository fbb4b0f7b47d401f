import assert from "node:assert/strict";
import { explainAz } from "../../../../src/credentials/providers/azure_cli_errors.ts";
import type { Trouble } from "../../../../src/credentials/provider.ts";

/** As az 2.45 says it, its traceback shortened. */
const failedConnection = (cause: string) =>
  "ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with " +
  `url: /common/discovery/instance?api-version=1.0 (Caused by ${cause})`;
const TRACEBACK = "ERROR: The command failed with an unexpected error. Here is the traceback:\n";

const CASES: [name: string, stderr: string, trouble: Trouble, told: RegExp][] = [
  [
    "an intercepting proxy whose CA az does not know",
    failedConnection(
      "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify " +
        "failed: self-signed certificate (_ssl.c:992)'))",
    ) +
    "\nCertificate verification failed. This typically happens when using Azure CLI behind a proxy",
    "unreachable",
    /^azure_cli: az does not trust .*; name the company CA's PEM file in REQUESTS_CA_BUNDLE/,
  ],
  [
    "a forward proxy that wants a password",
    TRACEBACK + failedConnection(
      "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy " +
        "Authentication Required'))",
    ) + "\nTraceback (most recent call last):\nTo open a new issue, please run `az feedback`\n",
    "unreachable",
    /^azure_cli: az cannot reach Entra ID through its forward proxy; check HTTPS_PROXY \(ProxyError: Tunnel connection failed: 407 Proxy Authentication Required\)$/,
  ],
  [
    "a name that cannot be resolved",
    TRACEBACK + failedConnection(
      "NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f1a>: Failed to " +
        "establish a new connection: [Errno -2] Name or service not known')",
    ),
    "unreachable",
    /^azure_cli: az cannot reach Entra ID \(NewConnectionError: \[Errno -2\] Name or service not known\)$/,
  ],
  [
    "an unexpected error",
    `WARNING: x\n${TRACEBACK}ERROR: 'NoneType' object is not subscriptable\nTraceback\n`,
    "denied",
    /^azure_cli: az failed: 'NoneType' object is not subscriptable$/,
  ],
  [
    "an az that is broken",
    "WARNING: x\nTraceback (most recent call last):\n  File 'az'\nModuleNotFoundError: No module\n",
    "denied",
    /^azure_cli: az failed: ModuleNotFoundError: No module$/,
  ],
  ["nothing said", "", "denied", /^azure_cli: az failed: it printed nothing$/],
  [
    "another tenant",
    "ERROR: AADSTS50076: x\nTo re-authenticate, please run:\naz login\n",
    "unavailable",
    /run az login --tenant contoso\.com as the proxy's user \(AADSTS50076\)$/,
  ],
];

for (const [name, stderr, trouble, told] of CASES) {
  Deno.test(`what az says of ${name} becomes one line with the remedy`, () => {
    const error = explainAz(stderr, "contoso.com");
    assert.match(error.message, told);
    assert.equal(error.trouble, trouble);
  });
}

/** What `cmd` of Windows says of a program that is not there, in its user's language. */
const NOT_FOUND = [
  "'az' is not recognized as an internal or external command,\r\noperable program or batch file.",
  'Der Befehl "az" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden.',
  "'az' n'est pas reconnu en tant que commande interne\r\nou externe, un programme exécutable",
  "'az' は、内部コマンドまたは外部コマンド、\r\n操作可能なプログラムとして認識されていません。",
];

for (const stderr of NOT_FOUND) {
  Deno.test(`Windows without az is told from an az that fails: ${stderr.slice(0, 24)}`, () => {
    const { message, trouble } = explainAz(`${stderr}\r\n`, undefined);
    assert.match(message, /^azure_cli: az is not installed, or not on PATH/);
    assert.equal(trouble, "unavailable");
  });
}
