/** Why a file cannot be read, in words that go behind its name. */
export function whyUnreadable(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return `needs the permission --allow-read=${path}`;
  if (error instanceof Deno.errors.NotFound) return "does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return `cannot be read (${error instanceof Error ? error.message : error})`;
}
