import assert from "node:assert/strict";
import {
  ChallengeServer,
  type ChallengeServerOptions,
} from "../../src/tls/acme/challenge_server.ts";
import { CertificateError } from "../../src/tls/certificate.ts";
import { freePort } from "../kit/process/free_port.ts";
import { request, type RequestParts } from "../kit/http1/raw_client.ts";

const CHALLENGE = { token: "tok-en_1", keyAuthorization: "tok-en_1.thumbprint" };
const TOKEN_PATH = "/.well-known/acme-challenge/tok-en_1";

Deno.test("a known token is answered, an unknown one is not, and none after the order", async () => {
  await withServer(async (server, ask) => {
    assert.equal((await ask({ target: TOKEN_PATH })).status, 404);
    await server.publish(CHALLENGE);
    const { status, bytes } = await ask({ target: TOKEN_PATH });
    assert.deepEqual([status, new TextDecoder().decode(bytes)], [200, "tok-en_1.thumbprint"]);
    assert.equal((await ask({ target: `${TOKEN_PATH}x` })).status, 404);
    assert.equal((await ask({ target: "/.well-known/acme-challenge/" })).status, 404);
    server.clear();
    assert.equal((await ask({ target: TOKEN_PATH })).status, 404);
  });
});

const others: [what: string, parts: RequestParts, status: number, location?: string][] = [
  ["GET", { target: "/a?b=c" }, 308, "https://a.example.com:8443/a?b=c"],
  ["HEAD", { method: "HEAD" }, 308, "https://a.example.com:8443/"],
  ["POST", { method: "POST", headers: [["Host", "x"], ["Content-Length", "0"]] }, 404],
  ["OPTIONS", { method: "OPTIONS" }, 404],
  [
    "GET for another of the domains",
    { headers: [["Host", "B.example.com:80"]] },
    308,
    "https://b.example.com:8443/",
  ],
  [
    "GET for a made-up Host",
    { headers: [["Host", "evil.example"]] },
    308,
    "https://a.example.com:8443/",
  ],
  ["GET with a Host that is none", { headers: [["Host", "a/../b?"]] }, 404],
];

for (const [what, parts, status, location] of others) {
  Deno.test(`besides challenges, ${what} gets ${location ?? status}`, async () => {
    await withServer(async (_server, ask) => {
      const response = await ask(parts);
      const header = response.headers.find(([name]) => name.toLowerCase() === "location");
      assert.deepEqual([response.status, header?.[1]], [status, location]);
    });
  });
}

Deno.test("a port that is taken is a fault that names it", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assert.rejects(start(taken.addr.port), (error) => {
    assert.ok(error instanceof CertificateError);
    assert.match(
      error.message,
      new RegExp(
        `^cannot listen: 127\\.0\\.0\\.1:${taken.addr.port} is in use: .* or set tls\\.http_challenge_port$`,
      ),
    );
    return true;
  });
});

Deno.test("a challenge for a server that is gone fails at once", async () => {
  const server = await start(freePort());
  server.stop();
  await assert.rejects(server.publish(CHALLENGE), { name: "ChannelClosed" });
});

/** What the worker does, and how that is told. */
const ends: [what: string, target: string, reason: RegExp][] = [
  ["dies", "/die", /a fault of the challenge worker/],
  ["is silent", "/freeze", /^worker silent for 1 s$/],
];

for (const [what, target, expected] of ends) {
  Deno.test(`a challenge worker that ${what} is replaced, and the same challenge is answered`, async () => {
    const port = freePort();
    const deaths: { reason: string; restartMs: number }[] = [];
    const server = await start(port, {
      module: new URL("./workers/mortal_challenge_worker.ts", import.meta.url),
      patienceMs: 1_000,
      onDeath: (death) => deaths.push(death),
    });
    try {
      await server.publish(CHALLENGE);
      await request({ port, target }).catch(() => {});
      const deadline = performance.now() + 10_000;
      while (deaths.length === 0 || await statusOf(port, TOKEN_PATH) !== 200) {
        assert.ok(performance.now() < deadline, `not replaced, ${JSON.stringify(deaths)}`);
        await new Promise((later) => setTimeout(later, 20));
      }
      assert.match(deaths[0]?.reason ?? "", expected);
      assert.equal(deaths[0]?.restartMs, 100);
      server.clear();
      assert.equal(await statusOf(port, TOKEN_PATH), 404);
    } finally {
      server.stop();
    }
  });
}

/** The status of an answer, where there is one. */
async function statusOf(port: number, target: string): Promise<number | undefined> {
  return (await request({ port, target }).catch(() => undefined))?.status;
}

type Ask = (parts: RequestParts) => ReturnType<typeof request>;

async function withServer(test: (server: ChallengeServer, ask: Ask) => Promise<void>) {
  const port = freePort();
  const server = await start(port);
  try {
    await test(server, (parts) => request({ port, ...parts }));
  } finally {
    server.stop();
  }
}

function start(
  port: number,
  options: Partial<ChallengeServerOptions> = {},
): Promise<ChallengeServer> {
  return ChallengeServer.start({
    hostname: "127.0.0.1",
    port,
    https: { domains: ["a.example.com", "b.example.com"], port: 8443 },
    onDeath: ({ reason }) => assert.fail(reason),
    ...options,
  });
}
