/** A credential as a request carries it. */
export interface Credential {
  /** `x-api-key`, `api-key` or `authorization` */
  header: string;
  /** The key itself, without `Bearer`. */
  key: string;
}

const CREDENTIAL_HEADERS = ["x-api-key", "api-key", "authorization"];

/** Every credential a request carries, in the headers that Claude and OpenAI clients use. */
export function credentialsIn(headers: Headers): Credential[] {
  return CREDENTIAL_HEADERS.flatMap((header) => {
    const value = headers.get(header);
    return value === null ? [] : [{ header, key: value.replace(/^bearer +/i, "") }];
  });
}

/** Whether a request carries `key` and no other credential. */
export function carriesOnly(headers: Headers, key: string): boolean {
  const credentials = credentialsIn(headers);
  return credentials.length > 0 && credentials.every((credential) => credential.key === key);
}

/** A key as it can be shown: its first six characters. */
export function masked(key: string): string {
  return `${key.slice(0, 6)}…`;
}
