import assert from "node:assert/strict";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";

/** What can stand in the way of a start, and where the one who starts it reads of it. */
const failures: [
  what: string,
  options: (takenPort: number) => ProxyOptions,
  exitCode: number,
  told: "stdout" | "stderr",
  lines: RegExp[],
][] = [
  [
    "an unknown flag",
    () => ({ args: ["--prot", "1"] }),
    2,
    "stderr",
    [/^1 problem with the command line:$/, /^ {2}unknown flag --prot; did you mean --port\?$/],
  ],
  [
    "a setting that is none",
    () => ({ upstreamUrl: "ftp://x" }),
    2,
    "stderr",
    [/^1 problem with the settings:$/, /^ {2}--upstream-url: /],
  ],
  [
    "a missing permission",
    () => ({ permissions: ["--allow-read"] }),
    2,
    "stderr",
    [/^Permissions are missing:$/, /^ {2}--allow-net=.*\(upstream_url\)$/],
  ],
  [
    "a file for the upstream that is not there",
    () => ({ args: ["--upstream-ca-file", "/nowhere/ca.pem"], permissions: ["-A"] }),
    2,
    "stdout",
    [/level=error .*upstream_ca_file.*\/nowhere\/ca\.pem/],
  ],
  [
    "a client certificate that strangers would be let through with",
    () => ({ args: ["--upstream-client-cert-path", "/nowhere/client.pem"], permissions: ["-A"] }),
    2,
    "stderr",
    [
      /^1 problem with the settings:$/,
      /^ {2}--upstream-client-cert-path: expected unauthenticated = "reject" .* strangers are let through/,
    ],
  ],
  [
    "a port that is taken",
    (port) => ({ port }),
    1,
    "stdout",
    [
      /level=error .*msg="cannot listen: 127\.0\.0\.1:\d+ is in use: stop what listens there,( have it hand over \(state_dir\),)? or set port" address=127\.0\.0\.1:\d+ reason="AddrInUse: /,
    ],
  ],
  [
    "an address of another machine",
    () => ({ bindAddress: "192.0.2.1", port: 8080 }),
    1,
    "stdout",
    [/msg="cannot listen: 192\.0\.2\.1:8080 is no address of this machine: set bind_address to one/],
  ],
  [
    "an admin port that is taken",
    (port) => ({ args: ["--admin-port", String(port)] }),
    1,
    "stdout",
    [
      /level=error .*msg="cannot listen: 127\.0\.0\.1:\d+ is in use: stop what listens there, or set admin\.port" address=/,
    ],
  ],
  [
    "a certificate that is not there",
    () => ({
      args: [
        "--tls-mode",
        "manual",
        "--tls-cert-path",
        "/nowhere/c",
        "--tls-key-path",
        "/nowhere/k",
      ],
      permissions: ["-A"],
    }),
    1,
    "stdout",
    [
      /level=error .*msg="cannot serve HTTPS: \/nowhere\/c: does not exist"/,
      /level=error .*msg="cannot serve HTTPS: \/nowhere\/k: does not exist"/,
    ],
  ],
];

for (const [what, options, exitCode, told, lines] of failures) {
  Deno.test(`${what} ends the start with exit code ${exitCode}, told once on ${told}`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using proxy = await ProxyProcess.spawn({
      upstreamUrl: "http://127.0.0.1:9",
      ...options(taken.addr.port),
    });
    assert.equal(await proxy.exit(), exitCode, proxy.stderr.join("\n"));
    const [there, elsewhere] = told === "stdout"
      ? [proxy.stdout, proxy.stderr]
      : [proxy.stderr, proxy.stdout];
    for (const line of lines) {
      assert.equal(there.filter((text) => line.test(text)).length, 1, `${line} in ${there}`);
    }
    assert.deepEqual(elsewhere.filter((text) => /error|problem|missing/.test(text)), []);
    assert.doesNotMatch(proxy.stdout.join("\n"), /msg=stopped/);
  });
}
