/** What stands where a secret stood. */
const REDACTED = "[redacted]";
/** Secrets shorter than this are words: redacting them would eat innocent text. */
const SHORTEST = 6;

/**
 * Makes a function that takes known secrets out of a line of log, as they are, JSON-escaped,
 * URL-encoded, and in base64 at each of its three alignments.
 *
 * It is the second line of defence: nothing that logs is given a secret. But a client may put its key
 * into a path or a request id, and an upstream may repeat ours in an error.
 */
export function secretScrubber(secrets: readonly string[]): (line: string) => string {
  const forms = new Set(secrets.filter(({ length }) => length >= SHORTEST).flatMap(formsOf));
  if (forms.size === 0) return (line) => line;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(RegExp.escape).join("|"), "g");
  return (line) => line.replace(pattern, REDACTED);
}

function formsOf(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...[0, 1, 2].flatMap((offset) => base64Core(secret, offset)),
  ];
}

/** The base64 characters that depend on the secret alone when it stands behind `offset` bytes. */
function base64Core(secret: string, offset: number): string[] {
  const bytes = [...new Uint8Array(offset), ...new TextEncoder().encode(secret)];
  const whole = new Uint8Array(bytes).toBase64({ omitPadding: true });
  const start = Math.ceil(offset * 8 / 6);
  const core = whole.slice(start, Math.floor(bytes.length * 8 / 6));
  return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
}

/** Names of headers whose values are secrets, whole or in part. */
const SECRET_NAME =
  /auth|cookie|credential|password|passwd|secret|signature|session|token|api[-_]?key|[-_]key$/i;
/** Names that match it and hold nothing secret. */
const HARMLESS_NAME = /^(?:anthropic-)?(?:x-)?ratelimit-|^x-claude-code-session-id$/i;
/** A credential of any scheme inside another header's value. */
const CREDENTIAL_VALUE =
  /\b(?:basic|bearer|digest|negotiate)\s+\S.*|\bsk-[\w-]{8,}|(?<=\bapi-?key[.=:])[^\s,;]+/gi;
/** A URL's query, which may hold a key. */
const QUERY = /\?[^\s>,;]*/g;

/** Headers as the log may show them: no credential, no query. */
export function redactHeaders(headers: Iterable<[string, string]>): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of headers) {
    const line = isSecretName(name) ? REDACTED : redactValue(value);
    shown[name] = shown[name] === undefined ? line : `${shown[name]}, ${line}`;
  }
  return shown;
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

function redactValue(value: string): string {
  return value.replace(CREDENTIAL_VALUE, REDACTED).replace(QUERY, `?${REDACTED}`);
}
