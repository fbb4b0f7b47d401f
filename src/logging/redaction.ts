/** Characters of text that a client chose which one field of a line shows. */
const LONGEST_TEXT = 1024;

/** Text that a client chose, cut where it is long: a request's head may hold 64 KiB. */
export function cut(text: string): string {
  const rest = text.length - LONGEST_TEXT;
  return rest <= 0 ? text : `${text.slice(0, LONGEST_TEXT)}… (${rest} more)`;
}

/** What stands where a secret stood. */
const REDACTED = "[redacted]";
/** Secrets shorter than this are words: redacting them would eat innocent text. */
const SHORTEST = 6;

/** Tokens that tell by their form what they are, whoever issued them. */
const TOKEN_FORMS = [
  /\bcp_\w{40,}/, // ours
  /\bsk-(?:ant|proj|svcacct|or)-[\w-]{8,}|\bsk-\w{20,}/, // Anthropic, OpenAI
  /\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}/, // GitHub
  /\bglpat-[\w-]{20,}/, // GitLab
  /\bxox[abeprs]-[\w-]{10,}/, // Slack
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, // AWS
  /\bAIza[\w-]{35}|\bya29\.[\w-]{20,}/, // Google
  /\bhf_\w{20,}|\bnpm_\w{30,}/, // Hugging Face, npm
  /(?<=:\/\/)[^\s\/?#@"]+(?=@)/, // userinfo of a URL, RFC 3986 §3.2.1
].map(({ source }) => source);
const TOKEN = new RegExp(TOKEN_FORMS.join("|"), "g");

/**
 * JWS and JWE (RFC 7515 §3.1, RFC 7516 §3.1), or what only begins like one: that is matched too, so that
 * text full of beginnings is gone through once and not once for each. 60 kB of it took a second.
 */
const JWT = /\beyJ[\w-]{5,}(\.[\w-]*\.[\w.-]{3,})?/g;

function withoutJwts(text: string): string {
  return text.replace(JWT, (found, rest) => rest === undefined ? found : REDACTED);
}

/** JWTs first: what stands in one may look like another token, and without it the rest like no JWT. */
function withoutTokens(text: string): string {
  return withoutJwts(text).replace(TOKEN, REDACTED);
}

/**
 * Makes a function that takes secrets out of a line of log: those known, as they are, JSON-escaped,
 * URL-encoded, and in base64 at each of its three alignments; and all that has the form of a token.
 *
 * It is the second line of defence: nothing that logs is given a secret. But a client may put its key
 * into a path or a request id, and an upstream may repeat ours in an error.
 */
export function secretScrubber(secrets: readonly string[]): (line: string) => string {
  const forms = new Set(secrets.filter(({ length }) => length >= SHORTEST).flatMap(formsOf));
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const pattern = new RegExp([...longestFirst.map(RegExp.escape), "(?!)"].join("|"), "g");
  return (line) => withoutTokens(line.replace(pattern, REDACTED));
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
  /assertion|auth|client-?principal|cookie|credential|jwt|oidc|password|passwd|secret|signature|session|token|api[-_]?key|[-_]key$/i;
/** Names that match it and hold nothing secret. */
const HARMLESS_NAME = /^(?:anthropic-)?(?:x-)?ratelimit-|^x-claude-code-session-id$/i;
/** A credential of any scheme inside another header's value. */
const CREDENTIAL_VALUE =
  /\b(?:basic|bearer|digest|negotiate)\s+\S.*|\bsk-[\w-]{8,}|(?<=\bapi-?key[.=:])[^\s,;]+/gi;
/** A URL's query, which may hold a key. */
const QUERY = /\?[^\s>,;]*/g;

/** Headers as the log may show them: no credential, no query, nothing long. */
export function redactHeaders(headers: Iterable<[string, string]>): Record<string, string> {
  // A client may call a header `constructor`, which every object has.
  const shown = new Map<string, string>();
  for (const [name, value] of headers) {
    const line = isSecretName(name) ? REDACTED : cut(redactValue(value));
    const before = shown.get(name);
    shown.set(name, before === undefined ? line : `${before}, ${line}`);
  }
  return Object.fromEntries([...shown].map(([name, line]) => [cut(name), line]));
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

function redactValue(value: string): string {
  return withoutJwts(value).replace(CREDENTIAL_VALUE, REDACTED).replace(TOKEN, REDACTED).replace(
    QUERY,
    `?${REDACTED}`,
  );
}
