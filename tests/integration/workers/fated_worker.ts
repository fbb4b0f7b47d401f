/**
 * A worker that asks the upstream what to do as soon as it is started, and again once it "listens":
 * `listen`, `throw` or `fail`.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../../../src/ipc/messages.ts";

const supervisor = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

supervisor.onmessage = ({ data }) => {
  if (data.type === "start") void followFate(data.config.upstream.baseUrl);
};

async function followFate(upstreamUrl: string): Promise<void> {
  const fate = await (await fetch(upstreamUrl)).text();
  if (fate === "throw") throw new Error("fated to throw");
  if (fate === "fail") return supervisor.postMessage({ type: "failed", reason: "fated to fail" });
  supervisor.postMessage({ type: "listening" });
  return await followFate(upstreamUrl);
}
