/** Deno permissions that some code needs. */
export interface PermissionNeeds {
  /** `host:port` each. */
  readonly net: readonly string[];
  /** Files. */
  readonly read: readonly string[];
  /** Variables that matter. */
  readonly env: readonly string[];
  /**
   * Whether a library reads the whole environment and must find nothing in the rest of it, rather
   * than be refused: `--ignore-env`, or `--allow-env` without a list.
   */
  readonly ignoreEnv: boolean;
  /** Programs. */
  readonly run: readonly string[];
  readonly sys: readonly "osRelease"[];
}

/** Needs nothing. */
export const NO_PERMISSIONS: PermissionNeeds = {
  net: [],
  read: [],
  env: [],
  ignoreEnv: false,
  run: [],
  sys: [],
};

/** What several parts need together, each thing once. */
export function joinPermissions(parts: readonly PermissionNeeds[]): PermissionNeeds {
  const union = <Value>(pick: (needs: PermissionNeeds) => readonly Value[]) => [
    ...new Set(parts.flatMap(pick)),
  ];
  return {
    net: union((needs) => needs.net),
    read: union((needs) => needs.read),
    env: union((needs) => needs.env),
    ignoreEnv: parts.some((needs) => needs.ignoreEnv),
    run: union((needs) => needs.run),
    sys: union((needs) => needs.sys),
  };
}

/**
 * The flags that would grant what is needed and is not granted. It asks what is granted and never
 * prompts.
 *
 * A program that is not installed cannot be granted by name: `run` then counts as missing.
 */
export function missingFlags(needs: PermissionNeeds): string[] {
  const missing: [flag: string, values: string[]][] = [
    ["--allow-net", needs.net.filter((host) => !isGranted({ name: "net", host }))],
    ["--allow-read", needs.read.filter((path) => !isGranted({ name: "read", path }))],
    ["--allow-env", needs.env.filter((variable) => !isReadable(variable))],
    ["--allow-run", needs.run.filter((command) => !isGranted({ name: "run", command }))],
    ["--allow-sys", needs.sys.filter((kind) => !isGranted({ name: "sys", kind }))],
  ];
  const flags = missing.filter(([, values]) => values.length > 0)
    .map(([flag, values]) => `${flag}=${values.join(",")}`);
  return needs.ignoreEnv && !isWholeEnvironmentReadable() ? [...flags, "--ignore-env"] : flags;
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** Whether a variable reads as its value, or, where it is ignored, as unset. */
function isReadable(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" || (state === "denied" && isIgnored(() => Deno.env.get(variable)));
}

function isWholeEnvironmentReadable(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" || (state === "denied" && isIgnored(() => Deno.env.toObject()));
}

/** Tells ignored (`--ignore-env`) from refused (`--deny-env`): both are called denied. */
function isIgnored(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** A variable's value; `undefined` where it is unset, and, without a prompt, where we may not look. */
export function readVariable(name: string): string | undefined {
  return isReadable(name) ? Deno.env.get(name) || undefined : undefined;
}

/** A host and port for `--allow-net`, from a URL. */
export function netPermission(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
