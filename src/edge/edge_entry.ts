import { readVariable } from "../permissions/variable.ts";
import { StartError } from "../config/load/start_error.ts";
import type { EdgeHandler } from "./edge.ts";

/** A setting without which nothing can be served: where there is no file, it is in the environment. */
const REQUIRED_VARIABLE = "CLAUDE_PROXY__UPSTREAM_URL";
/** Set on Deno Deploy. https://docs.deno.com/deploy/reference/env_vars_and_contexts/ */
const HOST_VARIABLE = "DENO_DEPLOYMENT_ID";

/** What `main.ts` exports for `deno serve`; it loads the proxy when it is first used. */
export class EdgeEntry {
  #handler: Promise<EdgeHandler> | undefined;

  /** Whether `deno serve`, or a host like it, has begun to use it. */
  get isUsed(): boolean {
    return this.#handler !== undefined;
  }

  /** Answers a request. */
  readonly fetch: EdgeHandler = async (request, info) => await (await this.#start())(request, info);

  /** Called by `deno serve` once it listens. */
  readonly onListen = (address: Deno.Addr): void => void this.#start(address);

  #start(address?: Deno.Addr): Promise<EdgeHandler> {
    return this.#handler ??= import("./edge.ts")
      .then(({ startEdge }) => startEdge({ isHosted: isHosted(), address }))
      .catch(endProcess);
  }
}

/** Nobody is left to answer where the proxy cannot start: the host is told by the exit code. */
async function endProcess(error: unknown): Promise<never> {
  if (!(error instanceof StartError)) throw error;
  const { reportStartError } = await import("../supervisor/report_start_error.ts");
  reportStartError(error, console.error);
  const { stopLogging } = await import("../logging/logging.ts");
  await stopLogging();
  Deno.exit(error.exitCode);
}

/** Whether a host runs us, where there is no command line to fall back to. */
export function isHosted(): boolean {
  return readVariable(HOST_VARIABLE) !== undefined;
}

/**
 * Whether this may be `deno serve main.ts`. Deno does not tell it from `deno run main.ts` while the
 * module is evaluated, but `deno serve` takes all settings from the environment, and no arguments.
 */
export function mayBeServed(args: readonly string[]): boolean {
  return args.length === 0 && readVariable(REQUIRED_VARIABLE) !== undefined;
}
