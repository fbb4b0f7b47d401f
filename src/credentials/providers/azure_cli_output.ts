import type { AccessToken } from "./bearer.ts";

/** `expiresOn` as `az` prints it: local time without a zone, `2026-01-31 12:34:56.000000`. */
const LOCAL_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?$/;

/**
 * Reads what `az account get-access-token` prints. Since 2.54 it gives `expires_on`, in seconds since
 * the epoch; before, only `expiresOn`, a local time, which is ambiguous for an hour a year.
 *
 * @returns `undefined` where there is no token or nobody can tell when it expires
 */
export function parseAzureCliToken(output: string): AccessToken | undefined {
  const fields = parseObject(output);
  const { accessToken } = fields;
  const expiresAt = epochTime(fields["expires_on"]) ?? localTime(fields["expiresOn"]);
  if (typeof accessToken !== "string" || accessToken === "") return undefined;
  return expiresAt === undefined ? undefined : { token: accessToken, expiresAt };
}

function parseObject(output: string): Record<string, unknown> {
  try {
    const value = JSON.parse(output);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function epochTime(value: unknown): number | undefined {
  const seconds = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined;
}

function localTime(value: unknown): number | undefined {
  const parts = typeof value === "string" ? LOCAL_TIME.exec(value) : null;
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour, minute, second] = parts.slice(1).map(Number);
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
