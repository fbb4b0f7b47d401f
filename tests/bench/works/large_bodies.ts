import { transfer } from "../load/transfer.ts";
import { cpuMicroseconds, cpuTimes } from "../machine/cpu_time.ts";
import { peakBytes, resetPeak } from "../machine/memory.ts";
import type { Figures } from "../stats.ts";
import { LARGE_ANSWER, LARGE_BYTES } from "../upstream/anthropic_answers.ts";
import { EventUpstream } from "../upstream/event_upstream.ts";
import { Field, type NamedLoad, type Turn } from "./field.ts";
import type { Work } from "./work.ts";

/** Transfers of one measurement, one after another. */
const TRANSFERS = 2;
const MIB = 1024 * 1024;

interface Direction extends NamedLoad {
  readonly body: Uint8Array;
  readonly answerBytes: number;
}

/** Work 4. */
export const largeBodies: Work = {
  key: "4",
  title: "Large bodies",
  run: async (bench) => {
    await using upstream = await EventUpstream.start(bench.cores.load);
    await using field = await Field.start(bench, bench.contenders, { upstreamUrl: upstream.url });
    return [{
      work: "4",
      title: "Large bodies",
      description: `Bodies of ${LARGE_BYTES / MIB} MiB of JSON, ${TRANSFERS} one after another.`,
      columns: [
        { key: "rate", title: "MiB/s", digits: 0 },
        { key: "cpu", title: "CPU ms/body", digits: 1 },
        { key: "peak", title: "peak memory MiB", digits: 0 },
      ],
      rows: await field.takeTurns(directions(), measureTransfers),
    }];
  },
};

function directions(): Direction[] {
  return [
    { name: "up", body: request("x".repeat(LARGE_BYTES)), answerBytes: 0 },
    { name: "down", body: request(LARGE_ANSWER), answerBytes: LARGE_BYTES },
  ];
}

function request(content: string): Uint8Array {
  const messages = [{ role: "user", content }];
  return new TextEncoder().encode(JSON.stringify({ model: "bench", max_tokens: 64, messages }));
}

async function measureTransfers(
  { running: { target, pid }, load: { body, answerBytes } }: Turn<Direction>,
): Promise<Figures> {
  if (pid !== undefined) resetPeak(pid);
  const before = pid === undefined ? undefined : cpuTimes(pid);
  const start = performance.now();
  for (let count = 0; count < TRANSFERS; count++) await transfer(target, body, answerBytes);
  const seconds = (performance.now() - start) / 1000;
  const rate = TRANSFERS * LARGE_BYTES / MIB / seconds;
  if (pid === undefined || before === undefined) return { rate };
  const cpu = cpuMicroseconds(before, cpuTimes(pid)) / 1000 / TRANSFERS;
  return { rate, cpu, peak: peakBytes(pid) / MIB };
}
