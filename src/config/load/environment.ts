import type { ConfigIo } from "./config_io.ts";
import type { VariableLookup } from "../../permissions/variable.ts";

/** Names of ours, as one permission flag can grant them all. */
const OURS = /^CLAUDE_PROXY_/;
const GRANT_OURS = "CLAUDE_PROXY_*";

/** The environment, remembering which variables it was not allowed to read. */
export class Environment {
  readonly #io: ConfigIo;
  readonly #notGranted = new Set<string>();
  readonly #used = new Set<string>();

  constructor(io: ConfigIo) {
    this.#io = io;
  }

  /** Looks a variable up whose absence is no error: one of ours, or a home directory. */
  value(name: string): string | undefined {
    const found = OURS.test(name) ? this.lookup(name) : this.#io.variable(name);
    if (found === "not-granted") this.#notGranted.add(permissionFor(name));
    return typeof found === "object" ? found.value : undefined;
  }

  /** Looks a variable up for `${VAR}`, where the caller complains about each outcome. */
  lookup(name: string): VariableLookup {
    const found = this.#io.variable(name);
    if (typeof found === "object") this.#used.add(permissionFor(name));
    return found;
  }

  /**
   * Variables of ours and of `${VAR}` that had a value, as `--allow-env` names them; all of ours
   * under one name.
   */
  used(): string[] {
    return [...this.#used];
  }

  /** Names of all variables, where they can be listed. */
  names(): readonly string[] {
    return this.#io.variableNames() ?? [];
  }

  /** One line about everything that was not read, or none. */
  notes(): string[] {
    if (this.#notGranted.size === 0) return [];
    const names = [...this.#notGranted].join(",");
    return [`Environment variables were not read: allow them with "--allow-env=${names}"`];
  }
}

function permissionFor(name: string): string {
  return OURS.test(name) ? GRANT_OURS : name;
}
