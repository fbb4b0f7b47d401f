/**
 * The real request worker, whose realm somebody else has taken over: a request to `/post/JSON` posts
 * that to the supervisor.
 *
 * @module
 */
import "../../../src/worker/main.ts";

const realFetch = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const posted = /\/post\/(.*)$/.exec(String(input))?.[1];
  if (posted !== undefined) {
    (self as unknown as MessagePort).postMessage(JSON.parse(decodeURIComponent(posted)));
  }
  return realFetch(input, init);
};
