import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startProxy } from "../../tools/demo/proxy_process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function demo(...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/demo/main.ts", ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("the demo shows both clients at work, then ends with 0", async () => {
  const { code, stdout, stderr } = await demo("--once", "--port", "0").output();
  const output = new TextDecoder().decode(stdout);
  assert.equal(code, 0, output + new TextDecoder().decode(stderr));
  assert.match(output, /claude-proxy {8}http:\/\/127\.0\.0\.1:\d+/);
  assert.match(output, /You asked: “Why do people put a proxy/);
  assert.match(output, /You asked: “What changes in my request/);
  assert.equal(output.match(/ok {2}200, \d+ pieces/g)?.length, 2);
  assert.match(output, /sent x-api-key: demo-c…, the upstream received x-api-key: demo-u…/);
  assert.match(output, /sent authorization: demo-c…, the upstream received authorization: demo-u…/);
  assert.match(output, /401\n {2}x-claude-proxy-error: invalid_client_key/);
  assert.ok(!output.includes("\x1b"), "no colours without a terminal");
});

Deno.test({
  name: "the demo leaves a taken port alone, takes the pasted curl command, and ends on a signal",
  ignore: Deno.build.os === "windows",
  async fn() {
    using squatter = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using child = demo("--port", String(squatter.addr.port)).spawn();
    const stderr = child.stderr.text();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const output = await readUntil(reader, "Ctrl-C ends the demo.");
    assert.match(output, new RegExp(`^Port ${squatter.addr.port} is taken`));

    const curl = pastedCurl(output);
    const answer = await fetch(curl.url, { method: "POST", ...curl });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /event: message_stop/);

    child.kill("SIGTERM");
    while (!(await reader.read()).done);
    assert.deepEqual([(await child.status).code, await stderr], [0, ""]);
    await assert.rejects(fetch(curl.url), TypeError, "the proxy is gone as well");
  },
});

Deno.test("a proxy that cannot start says why", async () => {
  const proxy = startProxy({
    port: 0,
    upstreamUrl: "nonsense",
    clientKey: "a",
    upstreamKey: "b",
    onLine: () => {},
  });
  const { code, output } = await proxy.ended;
  assert.notEqual(code, 0);
  assert.match(output, /upstream.url/);
});

async function readUntil(
  reader: ReadableStreamDefaultReader<string>,
  mark: string,
): Promise<string> {
  let output = "";
  while (!output.includes(mark)) {
    const { done, value } = await reader.read();
    assert.ok(!done, `The demo ended early:\n${output}`);
    output += value;
  }
  return output;
}

/** The request that the printed curl command makes. */
function pastedCurl(output: string) {
  const command = /curl -N (\S+) [^]*?-d '([^']+)'/.exec(output);
  assert.ok(command?.[1] !== undefined && command[2] !== undefined);
  const headers = [...command[0].matchAll(/-H '([^:]+): ([^']+)'/g)]
    .map(([, name = "", value = ""]): [string, string] => [name, value]);
  return { url: command[1], headers, body: command[2] };
}
