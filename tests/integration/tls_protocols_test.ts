import assert from "node:assert/strict";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { type NeededProgram, programTest } from "../kit/process/programs.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const SSLSCAN: NeededProgram = { program: "sslscan", install: "apt-get install sslscan" };
const NGHTTP: NeededProgram = { program: "nghttp", install: "apt-get install nghttp2-client" };
const H2LOAD: NeededProgram = { program: "h2load", install: "apt-get install nghttp2-client" };
const OPENSSL: NeededProgram = { program: "openssl", install: "apt-get install openssl" };

programTest({
  name: "TLS 1.2 and 1.3 are spoken and nothing older, with forward secrecy and AEAD alone",
  needs: [SSLSCAN],
  fn: async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url);
    const scan = await run("sslscan", [
      ...[
        "--no-colour",
        "--no-groups",
        "--no-heartbleed",
        "--sni-name=localhost",
        `127.0.0.1:${proxy.port}`,
      ],
    ]);
    const protocols = [...scan.matchAll(/^((?:SSL|TLS)v[\d.]+)\s+(enabled|disabled)/gm)];
    assert.deepEqual(
      Object.fromEntries(protocols.map(([, name, state]) => [name, state])),
      {
        SSLv2: "disabled",
        SSLv3: "disabled",
        "TLSv1.0": "disabled",
        "TLSv1.1": "disabled",
        "TLSv1.2": "enabled",
        "TLSv1.3": "enabled",
      },
    );
    const ciphers = [
      ...scan.matchAll(/^(?:Preferred|Accepted)\s+TLSv[\d.]+.*bits\s+(?:0x\w+\s+)?(\S+)/gm),
    ];
    assert.ok(ciphers.length >= 5, scan);
    for (const [, cipher] of ciphers) {
      assert.match(cipher ?? "", /^(TLS_|ECDHE-).*(GCM|POLY1305)/);
    }
  },
});

programTest({
  name:
    "ALPN settles on HTTP/2 or HTTP/1.1, as the client prefers, and on none when it offers none",
  needs: [OPENSSL],
  fn: async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url);
    const connect = ["s_client", "-connect", `127.0.0.1:${proxy.port}`, "-servername", "localhost"];
    assert.match(await run("openssl", [...connect, "-alpn", "h2,http/1.1"]), /ALPN protocol: h2/);
    assert.match(
      await run("openssl", [...connect, "-alpn", "http/1.1"]),
      /ALPN protocol: http\/1\.1/,
    );
    assert.match(await run("openssl", connect), /No ALPN negotiated/);
  },
});

programTest({
  name: "nghttp posts over HTTP/2, and the upstream gets the body and the credentials",
  needs: [NGHTTP],
  fn: async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url);
    const body = await Deno.makeTempFile();
    await Deno.writeTextFile(body, '{"stream":true}');
    const output = await run("nghttp", [
      ...["--verbose", "--data", body, "--header", `x-api-key: ${CLIENT_KEY}`],
      `https://localhost:${proxy.port}/v1/messages?beta=true`,
    ]);
    await Deno.remove(body);
    assert.match(output, /negotiated protocol: h2/);
    assert.match(output, /:status: 200/);
    const [request] = upstream.requests;
    assert.equal(request?.target, "/v1/messages?beta=true");
    assert.equal(request?.bodyText, '{"stream":true}');
  },
});

programTest({
  name: "h2load: 1,000 requests over 10 HTTP/2 connections of 20 streams all succeed",
  needs: [H2LOAD],
  fn: async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url);
    const output = await run("h2load", [
      ...["-n", "1000", "-c", "10", "-m", "20", "-H", `x-api-key: ${CLIENT_KEY}`],
      `https://localhost:${proxy.port}/v1/models`,
    ]);
    assert.match(output, /Application protocol: h2/);
    assert.match(output, /requests: 1000 total, .* 1000 succeeded, 0 failed, 0 errored, 0 timeout/);
  },
});

/** Runs a program without input, and returns all it printed. */
async function run(program: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}
