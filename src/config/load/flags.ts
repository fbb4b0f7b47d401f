/** What the command line says about the settings. */
export interface ParsedFlags {
  /** `--config`: the file to read, instead of the usual places. */
  readonly config?: string;
  /** Settings by TOML path, with the flag that gave each. */
  readonly values: ReadonlyMap<string, FlagValue>;
}

/** One flag's text. It is checked with the rest of the settings, not while parsing. */
export interface FlagValue {
  /** The flag as it is to be named in messages: `--port`. */
  readonly flag: string;
  /** Text given with it. */
  readonly text: string;
}
