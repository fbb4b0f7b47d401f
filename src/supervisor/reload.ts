import { problemReport, StartError } from "../config/load/start_error.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import { log } from "../logging/logger.ts";
import { planReload, type ReloadPlan } from "./reload_plan.ts";
import { startNotes } from "./start_notes.ts";

/** What a {@linkcode Reloader} works with. */
export interface ReloaderOptions {
  /** The settings at the start. */
  readonly loaded: LoadedSettings;
  /** Loads them again. */
  readonly load: () => Promise<LoadedSettings>;
  /** Has everything that runs follow new settings; when it throws, nothing has changed. */
  readonly apply: (loaded: LoadedSettings) => Promise<void>;
  /** A reload has ended. */
  readonly onReload: (succeeded: boolean) => void;
}

/** Re-reads the settings while the program runs. A reload that fails leaves everything as it was. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #loaded: LoadedSettings;
  #last: Promise<void> = Promise.resolve();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
  }

  /** The settings in force. */
  get loaded(): LoadedSettings {
    return this.#loaded;
  }

  /** Reloads, after any reload that is under way. It never rejects: faults are logged. */
  reload(): Promise<void> {
    return this.#last = this.#last.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    try {
      const plan = planReload(this.#loaded, await this.#options.load());
      await this.#options.apply(plan.loaded);
      this.#loaded = plan.loaded;
      this.#options.onReload(true);
      tell(plan);
    } catch (error) {
      this.#options.onReload(false);
      complain(error);
    }
  }
}

function tell({ loaded, changed, restart }: ReloadPlan): void {
  for (const note of startNotes(loaded)) log.warn(note);
  if (restart.length > 0) {
    log.warn("changed settings that need a restart", { settings: restart.join(", ") });
  }
  log.info("settings reloaded", {
    file: loaded.filePath ?? "none",
    changed: changed.join(", ") || "nothing",
  });
}

/** As at the start, to standard error; and in the log, where the one who sent the signal looks. */
function complain(error: unknown): void {
  const complaints = error instanceof StartError ? error.complaints : [reason(error)];
  const notes = error instanceof StartError ? error.notes : [];
  console.error(problemReport("settings", complaints, notes));
  for (const complaint of complaints) log.error("settings not reloaded", { reason: complaint });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
