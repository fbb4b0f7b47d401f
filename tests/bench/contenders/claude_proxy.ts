import { fileURLToPath } from "node:url";
import denoConfig from "../../../deno.json" with { type: "json" };
import { freePort } from "../../kit/process/free_port.ts";
import { type Contender, localTarget, type StartOptions } from "./contender.ts";
import { CLIENT_KEY, UPSTREAM_KEY } from "./contender.ts";
import { startProgram } from "./program.ts";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const DEFAULTS = "default settings: every request logged, at level info, to /dev/null";

/** This proxy with one worker, on one core. */
export const oneWorker: Contender = claudeProxy({
  key: "proxy",
  name: "claude-proxy, 1 worker",
  settings: DEFAULTS,
  workers: "1",
  cores: "contender",
});

/** This proxy as it comes, on all cores, which it then shares with the load. */
export const autoWorkers: Contender = claudeProxy({
  key: "proxy-auto",
  name: "claude-proxy, auto",
  settings: `${DEFAULTS}; one worker a core, on all cores, shared with the load and the upstream`,
  workers: "auto",
  cores: "all",
});

interface Variant {
  readonly key: string;
  readonly name: string;
  readonly settings: string;
  readonly workers: string;
  readonly cores: "contender" | "all";
}

function claudeProxy({ key, name, settings, workers, cores }: Variant): Contender {
  return {
    key,
    name,
    settings,
    servesTls: true,
    trustsUpstreamCa: true,
    prepare: () => Promise.resolve(`${denoConfig.version} on Deno ${Deno.version.deno}`),
    start: (options) => {
      const port = freePort();
      return startProgram({
        command: proxyCommand(port, options, [
          ...["--workers", workers],
          ...["--upstream-auth-type", "api_key", "--upstream-api-key", UPSTREAM_KEY],
        ]),
        cores: options.cores[cores],
        cwd: options.directory,
        target: localTarget(port, options.certificate),
      });
    },
  };
}

/** The command line of this repository's proxy. */
export function proxyCommand(port: number, options: StartOptions, args: string[]): string[] {
  const { upstreamUrl, upstreamCaFile, certificate } = options;
  return [
    ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--config"],
    ...[`${REPOSITORY}deno.json`, "--allow-net", "--allow-read", "--allow-sys=osRelease"],
    ...["--ignore-env", `${REPOSITORY}main.ts`, "--bind-address", "127.0.0.1"],
    ...["--upstream-url", upstreamUrl, "--client-api-key", CLIENT_KEY],
    ...(upstreamCaFile === undefined ? [] : ["--upstream-ca-file", upstreamCaFile]),
    ...(certificate
      ? [
        ...["--tls-mode", "manual", "--https-port", `${port}`],
        ...["--tls-cert-path", certificate.certPath, "--tls-key-path", certificate.keyPath],
      ]
      : ["--port", `${port}`]),
    ...args,
  ];
}
