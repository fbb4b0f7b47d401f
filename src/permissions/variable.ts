/**
 * What an environment variable holds. Nobody can tell without permission, nor where `--ignore-env`
 * hides it: to the program that looks unset.
 */
export type VariableLookup = { readonly value: string } | "unset" | "hidden" | "not-granted";

/** Reads an environment variable; `undefined` where it is unset. */
export type ReadVariable = (name: string) => string | undefined;

/** What a lossy decoder makes of bytes that are no UTF-8. No key and no number passes with it. */
const NOT_TEXT = "\uFFFD";

/**
 * Looks an environment variable up, without ever prompting. One that is ignored (`--ignore-env`)
 * is hidden; one that is refused (`--deny-env`) is not granted. Deno calls both denied.
 */
export function lookUpVariable(name: string): VariableLookup {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  if (state === "prompt") return "not-granted";
  try {
    const value = Deno.env.get(name);
    if (value !== undefined) return { value };
    return state === "denied" ? "hidden" : "unset";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return "not-granted";
    if (error instanceof Deno.errors.InvalidData) return { value: NOT_TEXT };
    throw error;
  }
}

/** A variable's value; `undefined` where it is unset or empty, or may not be read without a prompt. */
export function readVariable(name: string): string | undefined {
  const found = lookUpVariable(name);
  return typeof found === "object" ? found.value || undefined : undefined;
}
