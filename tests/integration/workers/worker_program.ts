import { type ProxyOptions, ProxyProcess } from "../../kit/process/proxy_process.ts";

/** How a death of a worker is logged. */
export const DEATH =
  /worker died and will be replaced.* worker=(\d+) reason="([^"]*)" restartMs=(\d+)/;

/**
 * The program with two workers of the named module in this directory.
 *
 * @param patienceMs what it has with silent workers, if not what it usually has
 */
export function startWorkers(
  module: string,
  options: ProxyOptions,
  patienceMs?: number,
): Promise<ProxyProcess> {
  return ProxyProcess.start({
    entry: "tests/integration/workers/program.ts",
    permissions: ["--allow-net", "--allow-read", "--allow-env=WORKER_MODULE,PATIENCE_MS"],
    args: ["--workers", "2"],
    ...options,
    env: {
      WORKER_MODULE: module,
      ...(patienceMs !== undefined && { PATIENCE_MS: String(patienceMs) }),
    },
  });
}

/** Worker, reason and milliseconds to the restart of each death so far. */
export function deaths({ stdout }: ProxyProcess): string[][] {
  return stdout.flatMap((line) => {
    const match = DEATH.exec(line);
    return match === null ? [] : [match.slice(1)];
  });
}
