/**
 * Everything that is wrong, one line each, under a heading: `2 problems with the settings:`.
 *
 * @param what what the problems are with
 */
export function problemReport(
  what: string,
  complaints: readonly string[],
  notes: readonly string[],
): string {
  const problems = complaints.length === 1 ? "problem" : "problems";
  return [
    `${complaints.length} ${problems} with the ${what}:`,
    ...complaints.map((complaint) => `  ${complaint}`),
    ...notes.map((note) => `Note: ${note}`),
  ].join("\n");
}
