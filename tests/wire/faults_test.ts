import assert from "node:assert/strict";
import { digestKey } from "../../src/clients/identify.ts";
import type { ProxyDeps } from "../../src/proxy/handler.ts";
import type { HeldCredential } from "../../src/upstreams/upstream.ts";
import { proxyDeps } from "../../src/worker/proxy_deps.ts";
import { RequestServer } from "../../src/worker/server.ts";
import { freePort } from "../kit/process/free_port.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { HELD_KEY, workerConfig } from "../kit/process/worker_config.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const FAULT = "a fault nobody expected";

function fail(): never {
  throw new Error(FAULT);
}

function withCredential(credential: HeldCredential): (healthy: ProxyDeps) => ProxyDeps {
  return (healthy) => ({ ...healthy, upstream: { ...healthy.upstream, credential } });
}

const UNREADABLE: HeldCredential = {
  ...HELD_KEY,
  get isAtHand() {
    return fail();
  },
};

/** Faults in what the request path calls, and the request that meets each. */
const FAULTS: Record<string, { fault: (healthy: ProxyDeps) => ProxyDeps; target?: string }> = {
  "the filter of headers throws": { fault: (deps) => ({ ...deps, filterRequestHeaders: fail }) },
  "the credential throws": { fault: withCredential({ ...HELD_KEY, get: fail }) },
  "the credential is rejected": {
    fault: withCredential({ ...HELD_KEY, get: () => Promise.reject(new Error(FAULT)) }),
  },
  "no error at all is thrown": {
    fault: withCredential({ ...HELD_KEY, get: () => Promise.reject(undefined) }),
  },
  "readiness throws": { fault: withCredential(UNREADABLE), target: "/readyz" },
};

// The program has no such fault to offer, so its server runs here, with one put in.
for (const [what, { fault, target = "/v1/messages" }] of Object.entries(FAULTS)) {
  Deno.test(`75 ${what}: that request is a 500 that gives nothing away, the next is served`, async () => {
    await using upstream = RawUpstream.start();
    const config = workerConfig(upstream.url, {
      listen: { hostname: "127.0.0.1", port: freePort() },
      acceptedKeys: [digestKey(CLIENT_KEY)],
    });
    const healthy = proxyDeps(config, HELD_KEY);
    const details: (string | undefined)[] = [];
    const server = new RequestServer({
      config,
      deps: fault(healthy),
      onInFlight: () => {},
      onRecord: ({ detail }) => details.push(detail),
      onListenerLost: assert.fail,
      onUnrecovered: assert.fail,
    });
    {
      using client = await RawClient.connect({ port: config.listen.port });
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

      server.reload({ config, deps: healthy });
      await client.write(request);
      assert.equal((await client.readResponse()).status, 200);
    }
    await server.drain();
    await server.close();
    assert.match(details[0] ?? "", what.startsWith("no error") ? /undefined/ : new RegExp(FAULT));
  });
}
