import { problemReport, type StartError } from "../config/load/start_error.ts";
import { isLogging, log } from "../logging/logger.ts";

/**
 * Tells why the program cannot start: in the log once logging has begun, else on standard error.
 *
 * @param printError prints to standard error
 */
export function reportStartError(
  { complaints, notes, what, fields }: StartError,
  printError: (text: string) => void,
): void {
  if (isLogging()) {
    for (const complaint of complaints) log.error(complaint, fields);
    for (const note of notes) log.warn(note);
  } else {
    printError(what === null ? complaints.join("\n") : problemReport(what, complaints, notes));
  }
}
