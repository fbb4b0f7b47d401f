import { findProgram } from "../../kit/process/programs.ts";

/** Which cores the contender may use, and which the load generator and the upstream. */
export interface Cores {
  /** As `taskset -c` takes them; `undefined` where nothing can be pinned. */
  readonly contender: string | undefined;
  readonly load: string | undefined;
  readonly all: string | undefined;
}

/** The last core is the contender's, the others are the load's. One core cannot be shared out. */
export function shareCores(count: number, hasTaskset: boolean): Cores {
  if (count < 2 || !hasTaskset) return { contender: undefined, load: undefined, all: undefined };
  const load = count === 2 ? "0" : `0-${count - 2}`;
  return { contender: `${count - 1}`, load, all: `0-${count - 1}` };
}

/** The cores of this machine. */
export function machineCores(): Cores {
  return shareCores(navigator.hardwareConcurrency, findProgram("taskset") !== undefined);
}

/** A command line that runs on the given cores; `taskset` becomes the program, so the PID is its. */
export function onCores(cores: string | undefined, command: readonly string[]): string[] {
  return cores === undefined ? [...command] : ["taskset", "-c", cores, ...command];
}

/** Moves all threads of this process, and so every process it starts, to the cores of the load. */
export async function pinSelf({ load }: Cores): Promise<void> {
  if (load === undefined) return;
  const args = ["--all-tasks", "--cpu-list", "--pid", load, `${Deno.pid}`];
  const { success, stderr } = await new Deno.Command("taskset", { args }).output();
  if (!success) throw new Error(`taskset failed: ${new TextDecoder().decode(stderr)}`);
}
