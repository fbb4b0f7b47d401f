import { join } from "node:path";
import { freePort } from "../../kit/process/free_port.ts";
import { MESSAGES_PATH, type Running, type ServerCertificate } from "../contenders/contender.ts";
import { nginxFile } from "../contenders/nginx.ts";
import { startProgram } from "../contenders/program.ts";

/**
 * nginx with TLS and HTTP/2 in front of an upstream, as hosts of model APIs have: it takes 100
 * streams on a connection and no more.
 *
 * @param directory for its files
 * @param cores as `taskset -c` takes them
 */
export async function startHttp2Front(
  upstreamUrl: string,
  { certPath, keyPath, caCert }: ServerCertificate,
  directory: string,
  cores: string | undefined,
): Promise<Running> {
  const port = freePort();
  const config = join(directory, "front.conf");
  await Deno.writeTextFile(
    config,
    nginxFile(`
  upstream api { server ${new URL(upstreamUrl).host}; keepalive 4096; }
  server {
    listen 127.0.0.1:${port} ssl http2 backlog=4096;
    ssl_certificate ${certPath};
    ssl_certificate_key ${keyPath};
    http2_max_concurrent_streams 100;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_set_header Connection "";
    }
  }`),
  );
  return await startProgram({
    command: ["nginx", "-p", directory, "-c", config, "-e", "stderr"],
    cores,
    target: {
      url: `https://localhost:${port}`,
      path: MESSAGES_PATH,
      headers: { "content-type": "application/json" },
      caCert,
    },
  });
}
