/** Deno permissions that some code needs, and no more. */
export interface PermissionNeeds {
  /** `host:port`, or `host` for any port of it. */
  readonly net: readonly string[];
  /** Files and directories. */
  readonly read: readonly string[];
  /** Files and directories. */
  readonly write: readonly string[];
  /** Environment variables; a name that ends in `*` stands for all that begin like it. */
  readonly env: readonly string[];
  /**
   * Whether a library looks at other variables too and must find nothing there, rather than be
   * refused: `--ignore-env`.
   */
  readonly ignoreEnv: boolean;
  /** Programs. */
  readonly run: readonly string[];
  /** Facts about the system. */
  readonly sys: readonly "osRelease"[];
}

/** Needs nothing. */
export const NO_PERMISSIONS: PermissionNeeds = {
  net: [],
  read: [],
  write: [],
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
    write: union((needs) => needs.write),
    env: union((needs) => needs.env),
    ignoreEnv: parts.some((needs) => needs.ignoreEnv),
    run: union((needs) => needs.run),
    sys: union((needs) => needs.sys),
  };
}

/** The permissions of a Web Worker that may reach these addresses, and do nothing else. */
export function netOnly(net: string[]): Deno.PermissionOptions {
  return {
    net,
    read: false,
    write: false,
    env: false,
    run: false,
    sys: false,
    ffi: false,
    import: false,
  };
}
