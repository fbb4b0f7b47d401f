import assert from "node:assert/strict";
import { digestKey } from "../../src/clients/identify.ts";
import { requestHeaderFilter } from "../../src/proxy/headers.ts";
import { SharedTimeout } from "../../src/time/shared_timeout.ts";
import { RequestServer } from "../../src/worker/server.ts";
import type { ServerDeps } from "../../src/worker/tracker.ts";
import { freePort } from "../kit/process/free_port.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const FAULT = "a fault nobody expected";

function fail(): never {
  throw new Error(FAULT);
}

/** Faults in what the request path calls, and the request that meets each. */
const FAULTS: Record<string, { deps: Partial<ServerDeps>; target?: string }> = {
  "the filter of headers throws": { deps: { filterRequestHeaders: fail } },
  "the credential throws": { deps: { credential: fail } },
  "the credential is rejected": { deps: { credential: () => Promise.reject(new Error(FAULT)) } },
  "no error at all is thrown": { deps: { credential: () => Promise.reject(undefined) } },
  "readiness throws": { deps: { isReady: fail }, target: "/readyz" },
};

// The program has no such fault to offer, so its server runs here, with one put in.
for (const [what, { deps, target = "/v1/messages" }] of Object.entries(FAULTS)) {
  Deno.test(`75 ${what}: that request is a 500 that gives nothing away, the next is served`, async () => {
    await using upstream = RawUpstream.start();
    const healthy: ServerDeps = {
      upstream: { baseUrl: upstream.url, host: "127.0.0.1" },
      acceptedKeys: [digestKey(CLIENT_KEY)],
      rejectUnauthenticated: false,
      healthEndpoints: true,
      filterRequestHeaders: requestHeaderFilter([]),
      credential: () => ({ kind: "api_key", key: "unused", header: "auto" }),
      onRefused: () => {},
      isReady: () => true,
      transport: { fetch, headerTimeout: new SharedTimeout(10_000) },
    };
    const details: (string | undefined)[] = [];
    const port = freePort();
    const server = new RequestServer({
      config: {
        worker: 1,
        listen: { hostname: "127.0.0.1", port },
        abortTellsDeparture: true,
        recordHeaders: false,
      },
      deps: { ...healthy, ...deps },
      onInFlight: () => {},
      onRecord: ({ detail }) => details.push(detail),
      onListenerLost: assert.fail,
      onUnrecovered: assert.fail,
    });
    {
      using client = await RawClient.connect({ port });
      const request = formatRequest({
        target,
        headers: [["Host", "localhost"], ["x-api-key", CLIENT_KEY]],
      });
      await client.write(request);
      const faulty = await client.readResponse();
      assert.equal(faulty.status, 500);
      assert.deepEqual(headerValues(faulty.headers, "x-claude-proxy-error"), ["internal_error"]);
      assert.ok(!new TextDecoder().decode(faulty.bytes).includes(FAULT));
      assert.deepEqual(upstream.requests, []);

      server.reload(healthy, false);
      await client.write(request);
      assert.equal((await client.readResponse()).status, 200);
    }
    await server.drain();
    await server.close();
    assert.match(details[0] ?? "", what.startsWith("no error") ? /undefined/ : new RegExp(FAULT));
  });
}
