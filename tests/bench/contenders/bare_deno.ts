import { fileURLToPath } from "node:url";
import { freePort } from "../../kit/process/free_port.ts";
import { type Contender, localTarget } from "./contender.ts";
import { startProgram } from "./program.ts";

const SERVER = fileURLToPath(new URL("./bare_deno_server.ts", import.meta.url));

/** The floor of this proxy's own design. */
export const bareDeno: Contender = {
  key: "bare-deno",
  name: "bare Deno.serve + fetch",
  settings: "a dozen lines that swap one header, one isolate: no key check, no log",
  servesTls: false,
  trustsUpstreamCa: false,
  prepare: () => Promise.resolve(`Deno ${Deno.version.deno}`),
  start: ({ upstreamUrl, cores }) => {
    const port = freePort();
    return startProgram({
      command: [Deno.execPath(), "run", "--allow-net", SERVER, `${port}`, upstreamUrl],
      cores: cores.contender,
      target: localTarget(port),
    });
  },
};
