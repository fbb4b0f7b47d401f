/**
 * The real request worker, whose realm somebody else has taken over: a request to `/post/TIMES/JSON`
 * posts that to the supervisor so many times, and one to `/long/CHARACTERS` a record of such a path.
 *
 * @module
 */
import "../../../src/worker/main.ts";

const realFetch = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const [, verb, count, json = ""] = /\/(post|long)\/(\d+)\/?(.*)$/.exec(String(input)) ?? [];
  if (verb === "post") post(Number(count), JSON.parse(decodeURIComponent(json)));
  if (verb === "long") post(1, reportOf({ ...RECORD, path: "x".repeat(Number(count)) }));
  return realFetch(input, init);
};

const RECORD = { time: 0, id: "a-lie", method: "GET", status: 200, totalMs: 0 };

function reportOf(record: object): object {
  return { name: "requests", argument: { inFlight: 1, webSockets: 0, lost: 0, records: [record] } };
}

function post(times: number, message: unknown): void {
  const supervisor = self as unknown as MessagePort;
  for (let count = 0; count < times; count++) supervisor.postMessage(message);
}
