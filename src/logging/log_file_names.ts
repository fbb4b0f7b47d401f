/** How often a new log file is begun. */
export type Rotation = "hourly" | "daily";

const HOUR = 3_600_000;

/** Length of a period in milliseconds. */
const LENGTH: Readonly<Record<Rotation, number>> = { hourly: HOUR, daily: 24 * HOUR };

/**
 * Name of the file that a line of this time belongs in: `PREFIX.YYYY-MM-DD.log` or
 * `PREFIX.YYYY-MM-DD-HH.log`, in UTC.
 *
 * @param timestamp milliseconds since the epoch
 */
export function logFileName(prefix: string, rotation: Rotation, timestamp: number): string {
  const iso = new Date(timestamp).toISOString();
  const period = rotation === "daily"
    ? iso.slice(0, 10)
    : `${iso.slice(0, 10)}-${iso.slice(11, 13)}`;
  return `${prefix}.${period}.log`;
}

/** A log file's period, in milliseconds since the epoch. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** The period a file is for, or undefined when its name is none that this prefix makes. */
export function periodOf(prefix: string, name: string): Period | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const match = /^(\d{4}-\d{2}-\d{2})(?:-(\d{2}))?\.log$/.exec(name.slice(prefix.length + 1));
  if (match === null) return undefined;
  const [, day, hour] = match;
  const rotation = hour === undefined ? "daily" : "hourly";
  const start = Date.parse(`${day}T${hour ?? "00"}:00:00Z`);
  if (Number.isNaN(start) || logFileName(prefix, rotation, start) !== name) return undefined;
  return { start, end: start + LENGTH[rotation] };
}
