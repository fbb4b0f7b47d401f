/** The Deno that claude-proxy is built and tested with. */
export const REQUIRED_DENO = "2.9.6";

/**
 * Why this Deno cannot run claude-proxy, in one sentence; `undefined` where it can. An older one
 * changes what it forwards (2.7.14 adds `vary`), or fails with a complaint that says nothing of its
 * age.
 *
 * @param version what `Deno.version.deno` says
 */
export function denoVersionFault(version: string): string | undefined {
  if (version.localeCompare(REQUIRED_DENO, "en", { numeric: true }) >= 0) return undefined;
  return `claude-proxy needs Deno ${REQUIRED_DENO} or newer, and this is Deno ${version}: ` +
    `run "npm install -g deno@${REQUIRED_DENO}"`;
}
