import type { PermissionNeeds } from "./needs.ts";

/** Kinds of permission that take a list, by their flag. */
const LISTED = ["net", "read", "write", "env", "run", "sys"] as const;

/** The needs as flags for `deno run`, none for what is not needed. */
export function permissionFlags(needs: PermissionNeeds): string[] {
  const flags = LISTED.filter((kind) => needs[kind].length > 0)
    .map((kind) => `--allow-${kind}=${needs[kind].join(",")}`);
  return needs.ignoreEnv ? [...flags, "--ignore-env"] : flags;
}

/** The needs as flags for a person to copy into a shell: `*` is quoted, which zsh would expand. */
export function quotedFlags(needs: PermissionNeeds): string {
  return permissionFlags(needs).map((flag) => /[^\w./:=,@-]/.test(flag) ? `'${flag}'` : flag).join(
    " ",
  );
}

/** The needs as a set for the `permissions` key of a deno.json. */
export function permissionSet(needs: PermissionNeeds): Record<string, unknown> {
  const listed = LISTED.filter((kind) => needs[kind].length > 0)
    .map((kind): [string, unknown] => [kind, needs[kind]]);
  const set = Object.fromEntries(listed);
  return needs.ignoreEnv ? { ...set, env: { allow: needs.env, ignore: true } } : set;
}
