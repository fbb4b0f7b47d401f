import { join } from "node:path";
import { freePort } from "../../kit/process/free_port.ts";
import { cacheDirectory, isThere } from "./cache.ts";
import { type Contender, localTarget } from "./contender.ts";
import { startProgram } from "./program.ts";
import { install, programVersion } from "./version.ts";

const VERSION = "1.15.2";
/** With 1.19.19, which npm would take, every stream fails: "TypeError: immutable". */
const NODE_SERVER = "1.13.8";
const NAME = `portkey-${VERSION}`;
const PROGRAM = "node_modules/@portkey-ai/gateway/build/start-server.js";

/** Portkey's gateway on Node.js, from npm. */
export const portkey: Contender = {
  key: "portkey",
  name: "Portkey gateway",
  settings: `/v1/messages with x-portkey-provider: anthropic and x-portkey-custom-host; ` +
    `@hono/node-server ${NODE_SERVER}, because its streams fail with what npm would take`,
  servesTls: false,
  trustsUpstreamCa: false,
  eventsPerSecond: 5000,
  mostStreams: 1000,
  prepare: async () => {
    const directory = await cacheDirectory(NAME);
    const node = await programVersion({ program: "node", install: "apt-get install nodejs" }, [
      "--version",
    ]);
    if (!await isThere(join(directory, PROGRAM))) await installPortkey(directory);
    return `${VERSION} on Node.js ${node}`;
  },
  start: async ({ upstreamUrl, cores }) => {
    const port = freePort();
    const target = localTarget(port);
    return await startProgram({
      command: ["node", join(await cacheDirectory(NAME), PROGRAM), "--headless", `--port=${port}`],
      cores: cores.contender,
      env: { NODE_ENV: "production" },
      target: {
        ...target,
        headers: {
          ...target.headers,
          "x-portkey-provider": "anthropic",
          "x-portkey-custom-host": `${upstreamUrl}/v1`,
        },
      },
    });
  },
};

async function installPortkey(directory: string): Promise<void> {
  await Deno.writeTextFile(
    join(directory, "package.json"),
    JSON.stringify({ private: true, overrides: { "@hono/node-server": NODE_SERVER } }),
  );
  await install([
    ...["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
    `@portkey-ai/gateway@${VERSION}`,
  ], directory);
}
