import { join } from "node:path";
import { NGINX } from "../../kit/servers/nginx.ts";
import { freePort } from "../../kit/process/free_port.ts";
import { type Contender, localTarget, type StartOptions, UPSTREAM_KEY } from "./contender.ts";
import { startProgram } from "./program.ts";
import { programVersion } from "./version.ts";

/** Debian's nginx, set up as one would in front of a model API. */
export const nginx: Contender = {
  key: "nginx",
  name: "nginx",
  settings: "worker_processes 1, keepalive to the upstream, proxy_buffering and " +
    "proxy_request_buffering off, access_log to /dev/null",
  servesTls: true,
  trustsUpstreamCa: true,
  prepare: () => programVersion(NGINX, ["-v"]),
  start: async (options) => {
    const port = freePort();
    const config = join(options.directory, "nginx.conf");
    await Deno.writeTextFile(config, nginxConfig(port, options));
    return await startProgram({
      command: ["nginx", "-p", options.directory, "-c", config, "-e", "stderr"],
      cores: options.cores.contender,
      target: localTarget(port, options.certificate),
    });
  },
};

function nginxConfig(port: number, options: StartOptions): string {
  const { upstreamUrl, upstreamCaFile, certificate } = options;
  const { protocol, host } = new URL(upstreamUrl);
  return nginxFile(`
  upstream api { server ${host}; keepalive 4096; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port}${certificate ? " ssl" : ""} backlog=4096;
    ${certificate ? `ssl_certificate ${certificate.certPath};` : ""}
    ${certificate ? `ssl_certificate_key ${certificate.keyPath};` : ""}
    location / {
      proxy_pass ${protocol}//api;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header X-Api-Key ${UPSTREAM_KEY};
      ${upstreamCaFile ? `proxy_ssl_trusted_certificate ${upstreamCaFile};` : ""}
      ${upstreamCaFile ? "proxy_ssl_verify on; proxy_ssl_name localhost;" : ""}
    }
  }`);
}

/** A whole configuration of nginx for loads, around the directives of `http`. */
export function nginxFile(http: string): string {
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr error;
events { worker_connections 10000; }
http {
  access_log /dev/null;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
${http}
}
`;
}
