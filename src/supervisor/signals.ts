/** Signals that ask the program to end, with the number that goes into its exit code. */
const ENDING_SIGNALS: Readonly<Partial<Record<Deno.Signal, number>>> = Deno.build.os === "windows"
  ? { SIGINT: 2, SIGBREAK: 21 }
  : { SIGINT: 2, SIGTERM: 15 };

/**
 * Waits for the signal to end. A second one, whichever it is, ends the program at once with the exit
 * code a shell reports for a process that a signal killed, 128 + its number.
 *
 * @returns the name of the first signal
 */
export function endingSignal(): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let asked = false;
  for (const [name, number] of Object.entries(ENDING_SIGNALS)) {
    const signal = name as Deno.Signal;
    Deno.addSignalListener(signal, () => {
      if (asked) Deno.exit(128 + number);
      asked = true;
      resolve(signal);
    });
  }
  return promise;
}

/** Calls back at each SIGHUP, where the platform has that signal. */
export function onReloadSignal(reload: () => void): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", reload);
}
