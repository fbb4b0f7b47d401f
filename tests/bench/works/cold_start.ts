import type { Contender, Running, StartOptions } from "../contenders/contender.ts";
import { startWithEntra } from "../contenders/entra.ts";
import { FakeEntra } from "../../kit/servers/fake_entra.ts";
import { medians } from "../stats.ts";
import { EventUpstream } from "../upstream/event_upstream.ts";
import { startDirectory } from "./field.ts";
import type { Bench, Row, Work } from "./work.ts";

/** Key of the row for tokens of Entra ID. */
export const WITH_ENTRA = "proxy-entra";
/** Milliseconds: what takes longer is started once only. */
const SLOW = 2000;

/** Work 6. */
export const coldStart: Work = {
  key: "6",
  title: "Cold start",
  run: async (bench) => {
    await using upstream = await EventUpstream.start(bench.cores.load);
    await using entra = await FakeEntra.start();
    const starters = bench.contenders.filter(({ key }) => key !== "straight").flatMap((contender) =>
      contender.key === "proxy" ? [contender, withEntra(contender, entra)] : [contender]
    );
    const rows: Row[] = [];
    for (const starter of starters) rows.push(await measureStarts(bench, starter, upstream.url));
    return [{
      work: "6",
      title: "Cold start",
      description: "From starting the process to the first answer through it, asked for every " +
        "2 ms; after a start that is not counted, so that files are in memory and Deno's cache " +
        "is warm. What takes over 2 s is started once.",
      columns: [{ key: "start", title: "ms", digits: 0 }],
      rows,
    }];
  },
};

function withEntra(contender: Contender, entra: FakeEntra): Contender {
  return {
    ...contender,
    key: WITH_ENTRA,
    name: `${contender.name}, Entra ID`,
    start: (options) => startWithEntra(entra, options),
  };
}

async function measureStarts(
  { rounds, cores, progress }: Bench,
  contender: Contender,
  upstreamUrl: string,
): Promise<Row> {
  const row = { contender: contender.key, name: contender.name, load: "start" };
  const measured: { start: number }[] = [];
  try {
    const first = await start(contender, upstreamUrl, cores);
    if (first > SLOW) measured.push({ start: first });
    while (first <= SLOW && measured.length < rounds) {
      measured.push({ start: await start(contender, upstreamUrl, cores) });
    }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    progress(`  ${contender.name} did not start: ${failure}`);
    return { ...row, figures: {}, rounds: measured, failure };
  }
  return { ...row, figures: medians(measured), rounds: measured };
}

async function start(
  contender: Contender,
  upstreamUrl: string,
  cores: StartOptions["cores"],
): Promise<number> {
  using directory = startDirectory();
  await using running: Running = await contender.start({
    upstreamUrl,
    directory: directory.path,
    cores,
  });
  return running.startMs ?? NaN;
}
