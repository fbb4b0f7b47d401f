import { join } from "node:path";
import { freePort } from "../../kit/process/free_port.ts";
import { cacheDirectory, isThere } from "./cache.ts";
import { CLIENT_KEY, type Contender, localTarget, UPSTREAM_KEY } from "./contender.ts";
import { startProgram } from "./program.ts";
import { install, programVersion } from "./version.ts";

const VERSION = "1.106.2";
const NAME = `litellm-${VERSION}`;
const PROGRAM = "venv/bin/litellm";
const CONFIG = `model_list: []
general_settings:
  master_key: ${CLIENT_KEY}
`;

/** LiteLLM's proxy on Python, from PyPI. */
export const litellm: Contender = {
  key: "litellm",
  name: "LiteLLM proxy",
  settings: "its pass-through endpoint /anthropic/v1/messages, which relays bodies as they are; " +
    "a master key, no database, 1 worker",
  servesTls: false,
  trustsUpstreamCa: false,
  eventsPerSecond: 4000,
  mostStreams: 100,
  prepare: async () => {
    const directory = await cacheDirectory(NAME);
    const python = await programVersion(
      { program: "python3", install: "apt-get install python3" },
      [
        "--version",
      ],
    );
    if (!await isThere(join(directory, PROGRAM))) await installLitellm(directory);
    return `${VERSION} on Python ${python}`;
  },
  start: async ({ upstreamUrl, directory, cores }) => {
    const port = freePort();
    const config = join(directory, "litellm.yaml");
    await Deno.writeTextFile(config, CONFIG);
    return await startProgram({
      command: [
        ...[join(await cacheDirectory(NAME), PROGRAM), "--config", config],
        ...["--host", "127.0.0.1", "--port", `${port}`],
      ],
      cores: cores.contender,
      cwd: directory,
      env: {
        ANTHROPIC_API_BASE: upstreamUrl,
        ANTHROPIC_API_KEY: UPSTREAM_KEY,
        LITELLM_LOG: "ERROR",
        // Its list of prices is a download otherwise.
        LITELLM_LOCAL_MODEL_COST_MAP: "True",
      },
      target: { ...localTarget(port), path: "/anthropic/v1/messages" },
      deadlineMs: 120_000,
    });
  },
};

async function installLitellm(directory: string): Promise<void> {
  await install(["python3", "-m", "venv", "venv"], directory);
  await install(["venv/bin/pip", "install", "-q", `litellm[proxy]==${VERSION}`], directory);
}
