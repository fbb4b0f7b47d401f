import { join } from "node:path";
import { freePort } from "../../kit/process/free_port.ts";
import { type Contender, localTarget, type StartOptions, UPSTREAM_KEY } from "./contender.ts";
import { startProgram } from "./program.ts";
import { programVersion } from "./version.ts";

/** Debian's HAProxy. */
export const haproxy: Contender = {
  key: "haproxy",
  name: "HAProxy",
  settings: "1 thread, http-reuse always, option http-no-delay, no log",
  servesTls: true,
  trustsUpstreamCa: true,
  prepare: () => programVersion({ program: "haproxy", install: "apt-get install haproxy" }, ["-v"]),
  start: async (options) => {
    const port = freePort();
    const config = join(options.directory, "haproxy.cfg");
    await Deno.writeTextFile(config, await haproxyConfig(port, options));
    return await startProgram({
      command: ["haproxy", "-q", "-db", "-f", config],
      cores: options.cores.contender,
      target: localTarget(port, options.certificate),
    });
  },
};

async function haproxyConfig(port: number, options: StartOptions): Promise<string> {
  const { upstreamUrl, upstreamCaFile, certificate, directory } = options;
  const pem = join(directory, "haproxy.pem");
  if (certificate) {
    const [cert, key] = await Promise.all([
      Deno.readTextFile(certificate.certPath),
      Deno.readTextFile(certificate.keyPath),
    ]);
    await Deno.writeTextFile(pem, cert + key);
  }
  const { hostname, port: upstreamPort } = new URL(upstreamUrl);
  return `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  option http-no-delay
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}${certificate ? ` ssl crt ${pem}` : ""}
  http-request set-header x-api-key ${UPSTREAM_KEY}
  default_backend api
backend api
  server api ${hostname}:${upstreamPort} ${
    upstreamCaFile ? `ssl verify required ca-file ${upstreamCaFile} sni str(localhost)` : ""
  }
`;
}
