/**
 * Measures what 10,000 log lines a second add to the latency of a request: `deno run -A
 * tests/bench/logging.ts [ROUNDS]`. Rounds at level error, which writes none of them, and at level
 * info take turns; records reach the supervisor in both, as they do from workers. On a busy machine
 * the quietest rounds tell most.
 *
 * @module
 */
const LINES_PER_SECOND = 10_000;
const REQUESTS = 500;
/** Milliseconds between two requests; each starts on time, whatever became of the last. */
const INTERVAL = 4;

const rounds = Number(Deno.args[0] ?? 12);
const upstream = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  () => new Response('{"type":"message"}', { headers: { "content-type": "application/json" } }),
);
const upstreamUrl = `http://127.0.0.1:${upstream.addr.port}`;
const p99: Record<string, number[]> = { off: [], on: [] };
for (let round = 1; round <= rounds; round++) {
  for (const [name, level] of [["off", "error"], ["on", "info"]] as const) {
    const { latencies, summary } = await measure(level);
    const [p50, p90, worst] = [0.5, 0.9, 0.99].map((share) => at(latencies, share).toFixed(2));
    p99[name]!.push(Number(worst));
    console.log(`round ${round} ${name}: p50 ${p50} p90 ${p90} p99 ${worst} ms  ${summary}`);
  }
}
for (const [name, share] of [["quietest round", 0], ["quartile", 0.25], ["median", 0.5]] as const) {
  const [off, on] = [at(p99["off"]!, share), at(p99["on"]!, share)];
  console.log(`p99, ${name}: off ${off} ms, on ${on} ms, added ${(on - off).toFixed(2)} ms`);
}
await upstream.shutdown();

async function measure(level: string): Promise<{ latencies: number[]; summary: string }> {
  const logPath = await Deno.makeTempDir();
  const program = new URL("./logging_proxy.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, upstreamUrl, String(LINES_PER_SECOND), level, logPath],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/listening on \d+\n/.test(text)) text += (await said.read()).value;
  const url = `http://127.0.0.1:${/listening on (\d+)/.exec(text)![1]}/v1/messages`;
  for (let i = 0; i < 200; i++) await time(url);
  const latencies = await Promise.all(Array.from({ length: REQUESTS }, async (_, i) => {
    await new Promise((due) => setTimeout(due, i * INTERVAL));
    return await time(url);
  }));
  child.kill("SIGTERM");
  for (let part = await said.read(); !part.done; part = await said.read()) text += part.value;
  await child.status;
  await Deno.remove(logPath, { recursive: true });
  return { latencies: latencies.sort((a, b) => a - b), summary: text.split("\n").at(-2) ?? "" };
}

async function time(url: string): Promise<number> {
  const started = performance.now();
  await (await fetch(url, { method: "POST", body: "{}" })).text();
  return performance.now() - started;
}

function at(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}
