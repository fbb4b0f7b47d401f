/** What one check found. */
export interface CheckResult {
  /** What was looked at, for a person: `listening address`. */
  readonly name: string;
  /** Whether the proxy would work, as far as this goes. */
  readonly ok: boolean;
  /** What was found, and for a failure what to do. */
  readonly text: string;
}
