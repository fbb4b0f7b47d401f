import type { LoadedSettings } from "../config/load/load.ts";

/** Lines worth telling the operator of settings that are to be served. */
export function startNotes({ notes, settings }: LoadedSettings): string[] {
  return settings.unauthenticated === "passthrough" ? [...notes, STRANGERS] : notes;
}

const STRANGERS = "strangers are let through to the upstream, without our credentials " +
  "(unauthenticated is passthrough; reject refuses them)";
