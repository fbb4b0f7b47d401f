import type { PermissionNeeds } from "./needs.ts";
import { lookUpVariable } from "./variable.ts";

/**
 * What is needed and not granted. It asks and never prompts.
 *
 * A program that is not installed cannot be granted by name, and is no matter of permissions: it is
 * left to whoever wants to run it.
 */
export function missingPermissions(needs: PermissionNeeds): PermissionNeeds {
  return {
    net: needs.net.filter((host) => !isGranted({ name: "net", host })),
    read: needs.read.filter((path) => !isGranted({ name: "read", path })),
    write: needs.write.filter((path) => !isGranted({ name: "write", path })),
    env: needs.env.filter((name) => lookUpVariable(name) === "not-granted"),
    ignoreEnv: needs.ignoreEnv && !isWholeEnvironmentReadable(),
    run: needs.run.filter(isForbidden),
    sys: needs.sys.filter((kind) => !isGranted({ name: "sys", kind })),
  };
}

/** Kinds of power no configuration needs without a limit; `deno run -A` grants them all. */
const UNLIMITED = ["write", "run", "ffi", "sys"] as const;

/** Which kinds of power were granted without a limit, beyond anything a configuration can need. */
export function unlimitedPermissions(): string[] {
  return UNLIMITED.filter((name) => isGranted({ name }));
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/**
 * Whether a program is there and may not be run. Deno looks for it before it refuses, and starts
 * nothing that is not granted; but at a terminal it would ask, so there nobody can tell.
 */
function isForbidden(command: string): boolean {
  if (isGranted({ name: "run", command }) || Deno.stdin.isTerminal()) return false;
  try {
    new Deno.Command(command).spawn();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable;
  }
}

function isWholeEnvironmentReadable(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" || (state === "denied" && isEnvironmentIgnored());
}

/** Tells ignored (`--ignore-env`) from refused (`--deny-env`): Deno calls both denied. */
function isEnvironmentIgnored(): boolean {
  try {
    Deno.env.toObject();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}
