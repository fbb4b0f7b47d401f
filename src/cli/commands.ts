import type { LoadedSettings } from "../config/load/load.ts";

/** A command of ours. All of them take the flags of the settings. */
export interface Command {
  /** One line for `--help`. */
  readonly doc: string;
  /** Takes `--json`. */
  readonly json?: true;
  /** Does its work with checked settings, and returns the exit code. */
  readonly run: (loaded: LoadedSettings, options: CommandOptions) => Promise<number>;
}

/** Flags that belong to the command and are no setting. */
export interface CommandOptions {
  /** `--json` was given. */
  readonly json: boolean;
  /** Loads the settings again, from the same flags. */
  readonly reload: () => Promise<LoadedSettings>;
}

/** Commands by name. */
export type Commands = Readonly<Record<string, Command>>;

/** Runs when no command is named. */
export const DEFAULT_COMMAND = "serve";

/** Every command. Each imports its code only when it runs. */
export const commands: Commands = {
  serve: {
    doc: "Run the proxy (the command when none is named)",
    run: async (loaded, { reload }) =>
      (await import("../supervisor/serve.ts")).serve(loaded, { reload }),
  },
  check: {
    doc: "Show every setting with its source, and try out all that a start would need (--json)",
    json: true,
    run: async (loaded, options) => (await import("./check/check.ts")).check(loaded, options),
  },
  permissions: {
    doc: "Print the exact Deno permissions that the settings need (--json: as a deno.json set)",
    json: true,
    run: async (loaded, options) =>
      (await import("./permissions.ts")).printPermissions(loaded, options),
  },
};
