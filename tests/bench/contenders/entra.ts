import { applicationFlags } from "../../integration/azure_proxy.ts";
import type { FakeEntra } from "../../kit/servers/fake_entra.ts";
import { freePort } from "../../kit/process/free_port.ts";
import { proxyCommand } from "./claude_proxy.ts";
import { localTarget, type Running, type StartOptions } from "./contender.ts";
import { startProgram } from "./program.ts";

/** This proxy with one worker and the credentials of an application of Entra ID. */
export async function startWithEntra(entra: FakeEntra, options: StartOptions): Promise<Running> {
  const port = freePort();
  return await startProgram({
    command: proxyCommand(port, options, [
      ...["--workers", "1", "--upstream-auth-type", "azure_ad"],
      ...applicationFlags(entra.url),
    ]),
    cores: options.cores.contender,
    cwd: options.directory,
    env: entra.env,
    target: localTarget(port),
  });
}
