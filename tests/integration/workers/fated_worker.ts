/**
 * A worker that asks the upstream what to do as soon as it is started, and again once it "listens":
 * `listen`, `throw` or `fail`.
 *
 * @module
 */
import type { Channel } from "../../../src/ipc/channel.ts";
import type { RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";
import { IDLE } from "./idle.ts";

const supervisor: Channel<Supervisor, RequestWorker> = supervisorChannel({
  ...IDLE,
  start: ({ config }) =>
    new Promise<void>((listening) => void followFate(config.upstream.baseUrl, listening)),
});

async function followFate(upstreamUrl: string, listening: () => void): Promise<void> {
  const fate = await (await fetch(upstreamUrl)).text();
  if (fate === "throw") throw new Error("fated to throw");
  if (fate === "fail") return supervisor.tell("failed", "fated to fail");
  listening();
  return await followFate(upstreamUrl, listening);
}
