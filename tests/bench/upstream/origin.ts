import { join } from "node:path";
import { freePort } from "../../kit/process/free_port.ts";
import { nginxFile } from "../contenders/nginx.ts";
import { MESSAGES_PATH, type Running } from "../contenders/contender.ts";
import { answer } from "./anthropic_answers.ts";
import { startProgram } from "../contenders/program.ts";

/** Bytes of the answer's body. */
export const ANSWER_BYTES = 300;

/**
 * The upstream of small requests: nginx answering each by itself, because nothing else here costs as
 * little next to the contenders.
 *
 * @param directory for its files
 * @param cores as `taskset -c` takes them
 */
export async function startOrigin(directory: string, cores: string | undefined): Promise<Running> {
  const port = freePort();
  const config = join(directory, "origin.conf");
  await Deno.writeTextFile(
    config,
    nginxFile(`
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    location / { return 200 '${answer(ANSWER_BYTES)}'; }
  }`),
  );
  return await startProgram({
    command: ["nginx", "-p", directory, "-c", config, "-e", "stderr"],
    cores,
    target: { url: `http://127.0.0.1:${port}`, path: MESSAGES_PATH, headers: {} },
  });
}
