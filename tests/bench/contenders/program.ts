import { BackgroundProcess } from "../machine/background_process.ts";
import type { Running, Target } from "./contender.ts";

/** How a contender's program is started. */
export interface ProgramOptions {
  readonly command: readonly string[];
  /** As `taskset -c` takes them. */
  readonly cores: string | undefined;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly target: Target;
  /** Milliseconds until it answers. @default {20_000} */
  readonly deadlineMs?: number;
}

/**
 * Starts a program and asks until a request is answered through it.
 *
 * @throws {Error} with what the program complained of, when that does not come to pass
 */
export async function startProgram(options: ProgramOptions): Promise<Running> {
  const { target, deadlineMs = 20_000, ...start } = options;
  using client = Deno.createHttpClient({ caCerts: target.caCert ? [target.caCert] : [] });
  const begun = performance.now();
  const process = new BackgroundProcess(start);
  await process.until(() => answers(target, client), deadlineMs);
  return {
    target,
    pid: process.pid,
    startMs: performance.now() - begun,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

async function answers(target: Target, client: Deno.HttpClient): Promise<boolean> {
  const asked = fetch(target.url + target.path, {
    method: "POST",
    headers: target.headers,
    body: JSON.stringify({ model: "bench", max_tokens: 1, messages: [] }),
    client,
  });
  const response = await asked.catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}
