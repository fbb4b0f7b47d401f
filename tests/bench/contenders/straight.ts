import { CLIENT_KEY, type Contender, MESSAGES_PATH } from "./contender.ts";

/** No contender at all: the floor of every latency, and the ceiling of every rate. */
export const straight: Contender = {
  key: "straight",
  name: "straight to the upstream",
  settings: "nothing in between: what the load generator and the upstream can do themselves",
  servesTls: false,
  trustsUpstreamCa: true,
  prepare: () => Promise.resolve(""),
  start: ({ upstreamUrl, upstreamCaFile }) =>
    Promise.resolve({
      target: {
        url: upstreamUrl,
        path: MESSAGES_PATH,
        headers: { "x-api-key": CLIENT_KEY, "content-type": "application/json" },
        ...(upstreamCaFile !== undefined && { caCert: Deno.readTextFileSync(upstreamCaFile) }),
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
