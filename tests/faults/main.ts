/**
 * `deno task faults [--minutes N] [--rate N] [--seed N] [--give-back 0]`: the program between clients
 * and an upstream that refuses, stalls, resets, trickles, lies and sends garbage. It prints what
 * became of the requests, and ends with code 1 where one was neither exact nor visibly cut, or
 * anything was left behind. `--give-back 0` leaves V8 and the allocator as they are. It needs Linux.
 */
import { programOptions } from "../kit/process/program_options.ts";
import { runFaults } from "./run.ts";
import { summary } from "./summary.ts";

const { minutes, rate, seed, "give-back": giveBack } = programOptions(Deno.args, {
  minutes: 10,
  rate: 50,
  seed: Date.now() % 1_000_000,
  "give-back": 1,
});
console.error(`${minutes} minutes, ${rate} requests/s, --seed ${seed}`);
const run = await runFaults({
  seed,
  seconds: minutes * 60,
  rate,
  headerTimeout: 8,
  giveBack: giveBack > 0,
});
console.log(summary(run));
for (const complaint of run.complaints) console.error(complaint);
if (run.complaints.length > 0) Deno.exitCode = 1;
