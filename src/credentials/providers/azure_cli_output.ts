import type { AccessToken } from "./bearer.ts";

/** `expiresOn` as `az` prints it: local time without a zone, `2026-01-31 12:34:56.000000`. */
const LOCAL_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?$/;

/**
 * Reads what `az account get-access-token` prints: an object, behind warnings sometimes. Since 2.54 it
 * gives `expires_on`, in seconds since the epoch; before, only `expiresOn`, a local time, which is
 * ambiguous for an hour a year.
 *
 * @returns the token, or what is wrong with the output, worded to go behind "az printed"
 */
export function parseAzureCliToken(output: string): AccessToken | string {
  if (output.trim() === "") return "nothing";
  const fields = parseObject(output);
  if (fields === undefined) return "something other than JSON";
  const { accessToken } = fields;
  const expiresAt = epochTime(fields["expires_on"]) ?? localTime(fields["expiresOn"]);
  if (typeof accessToken !== "string" || accessToken === "") return "JSON without a token";
  if (expiresAt === undefined) return "a token without its expiry";
  return { token: accessToken, expiresAt };
}

/** The object that begins at the start of a line. */
function parseObject(output: string): Record<string, unknown> | undefined {
  const [json] = /^\{[^]*\}/m.exec(output) ?? [];
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
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
