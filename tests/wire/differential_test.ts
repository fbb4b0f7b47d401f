import assert from "node:assert/strict";
import fc from "fast-check";
import { NGINX, Nginx } from "../kit/servers/nginx.ts";
import { previewBytes } from "../kit/http1/bytes.ts";
import { programTest } from "../kit/process/programs.ts";
import { runs } from "../kit/random/property_runs.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type Case, requestBytes, responseBytes } from "./differential/cases.ts";
import { compare, occurrences } from "./differential/compare.ts";
import { defectiveCases } from "./differential/defective_cases.ts";
import { DOCUMENT, documentation } from "./differential/documentation.ts";
import { cases } from "./differential/generated_cases.ts";
import { httpBlock, serverBlock } from "./differential/nginx_config.ts";
import { REFUSALS } from "./differential/refusals.ts";
import { REQUEST_REWRITINGS } from "./differential/request_rewritings.ts";
import { RESPONSE_REWRITINGS } from "./differential/response_rewritings.ts";
import { Side } from "./differential/side.ts";

/** The same exchanges in every run, unless `FAST_CHECK_SEED` asks for others. */
const { numRuns, seed = 1 } = runs(1_000);

programTest({
  name: "1 to 55 the proxy and nginx differ in nothing but what is named and explained",
  needs: [NGINX],
  fn: async (t) => {
    await using ours = await proxySide();
    await using nginx = await nginxSide();
    const occurred = new Set<string>();
    const play = async (tests: readonly Case[]) => {
      for (const [index, test] of tests.entries()) {
        const outcomes = await Promise.all([ours.play(test), nginx.play(test)]);
        const { classes, unexplained } = compare(test, ...outcomes);
        for (const name of classes) occurred.add(name);
        if (unexplained.length > 0) assert.fail(describe(test, index, unexplained));
      }
    };
    await t.step("every defect there is", () => play(defectiveCases()));
    await t.step(
      `${numRuns} exchanges of seed ${seed}`,
      () => play(fc.sample(cases(), { numRuns, seed })),
    );
    await t.step("every named difference occurs", () => {
      const named = [...REFUSALS, ...REQUEST_REWRITINGS, ...RESPONSE_REWRITINGS];
      assert.deepEqual(named.flatMap(occurrences).filter((name) => !occurred.has(name)), []);
    });
    assert.deepEqual(ours.upstream.violations, []);
    nginx.upstream.violations.length = 0; // Each is in a class of its own.
  },
});

Deno.test("DIFFERENTIAL.md says what the classes say", async () => {
  const words = (text: string) => text.split(/\s+/); // deno fmt breaks the lines.
  assert.deepEqual(words(await Deno.readTextFile(DOCUMENT)), words(documentation()));
});

function describe(test: Case, index: number, unexplained: unknown[]): string {
  return `Exchange ${index} differs for a reason nobody has named: ${test.defect ?? ""}
request: ${previewBytes(requestBytes(test), 4_000)}
response: ${previewBytes(responseBytes(test), 4_000)}
difference: ${Deno.inspect(unexplained, { depth: 6, strAbbreviateSize: 400 })}`;
}

async function proxySide(): Promise<Side> {
  const upstream = RawUpstream.start();
  const args = ["--health-endpoints", "false"];
  const proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args });
  return new Side(upstream, proxy);
}

async function nginxSide(): Promise<Side> {
  const upstream = RawUpstream.start();
  const http = httpBlock(upstream.port);
  const nginx = await Nginx.start(serverBlock(upstream.port), {}, { tls: false, http });
  return new Side(upstream, nginx);
}
