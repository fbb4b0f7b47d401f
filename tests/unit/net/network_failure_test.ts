import assert from "node:assert/strict";
import { type Handler, RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { makeAuthority } from "../../kit/tls/certificate_authority.ts";
import { connectTcp, connectTls } from "../../../src/net/connect.ts";
import {
  fetchFailure,
  isConnectFailure,
  isUnprocessed,
  type NetworkFailure,
  networkFailure,
  requestBodyFailure,
  untrustedCertificate,
} from "../../../src/net/network_failure.ts";

const { signal } = new AbortController();
const stranger = await (await makeAuthority("Another authority")).issue("localhost");

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof Error, "it was not rejected");
  return error;
}

/** A port where nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function assertWords(url: string, expected: NetworkFailure, connected: boolean) {
  const words = fetchFailure(await rejection(fetch(url)));
  assert.equal(networkFailure(words), expected, words);
  assert.equal(isConnectFailure(words), !connected, words);
  assert.ok(!words.includes("k=secret"), "the words tell the URL");
}

Deno.test("fetch says that a name cannot be resolved", async () => {
  await assertWords("http://nowhere.invalid/?k=secret", "unknown_host", false);
});

Deno.test("fetch says that a connection is refused", async () => {
  await assertWords(`http://127.0.0.1:${closedPort()}/?k=secret`, "refused", false);
});

Deno.test("words of a connection that cannot be made, which no test can wait for", () => {
  const fetched = "client error (Connect): tcp connect error: ";
  for (
    const words of [
      `${fetched}Connection timed out (os error 110)`,
      `${fetched}Network is unreachable (os error 101)`,
      `${fetched}No route to host (os error 113)`,
      "no connection: NetworkUnreachable: Network is unreachable (os error 101)",
      "no connection within upstream_connect_timeout",
    ]
  ) assert.equal(networkFailure(words), "unreachable", words);
  const later = "client error (SendRequest): connection error: Connection timed out (os error 110)";
  assert.equal(networkFailure(later), undefined);
});

Deno.test("words of HTTP/2 that say that nothing was processed, and those that do not", () => {
  const words: [string, NetworkFailure | undefined, boolean][] = [
    ["connection error received: not a result of an error", "goaway", true],
    ['connection error received: not a result of an error (b"bye")', "goaway", true],
    [
      "stream error received: refused stream before processing any application logic",
      "stream_refused",
      true,
    ],
    ["connection error received: detected excessive load generating behavior", "goaway", false],
    ["connection error detected: not a result of an error", undefined, false],
    ["stream error received: not a result of an error", undefined, false],
    ["stream closed because of a broken pipe", undefined, false],
  ];
  for (const [said, failure, unprocessed] of words) {
    for (
      const cause of [
        said,
        `error sending request for url (https://h/?k=secret): client error (SendRequest): http2 error: ${said}`,
      ]
    ) {
      const found = fetchFailure(new TypeError("fetch failed", { cause: new Error(cause) }));
      assert.equal(found, said);
      assert.equal(networkFailure(found), failure);
      assert.equal(isUnprocessed(found), unprocessed);
    }
  }
});

Deno.test("words of a peer's own are cut", () => {
  const cause = new Error(
    `connection error received: not a result of an error (b"${"x".repeat(9_000)}")`,
  );
  assert.equal(fetchFailure(new TypeError("fetch failed", { cause })).length, 500);
});

Deno.test("fetch says that a handshake fails, and why a certificate is not trusted", async () => {
  await using upstream = RawUpstream.start((exchange) => exchange.close());
  await assertWords(upstream.url.replace("http:", "https:"), "tls", false);
  upstream.violations.length = 0; // A ClientHello is no HTTP request.

  await using untrusted = RawUpstream.start(undefined, { tls: stranger });
  await assertWords(untrusted.url, "tls", false);
  const words = fetchFailure(await rejection(fetch(untrusted.url)));
  assert.equal(untrustedCertificate(words), "UnknownIssuer");
  assert.equal(untrustedCertificate("client error (Connect): dns error"), undefined);
  untrusted.violations.length = 0; // The handshake is broken off.
});

const ANSWERS: [answer: string, expected: NetworkFailure][] = [
  [`HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(1_000_000)}\r\n\r\n`, "head_too_large"],
  ["220 mail.example ESMTP\r\n", "no_http"],
  ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no_http"],
];

for (const [answer, expected] of ANSWERS) {
  Deno.test(`fetch says of ${JSON.stringify(answer.slice(0, 26))} that it is ${expected}`, async () => {
    const handler: Handler = (exchange) => exchange.write(answer).catch(() => {});
    await using upstream = RawUpstream.start(handler);
    await assertWords(upstream.url, expected, true);
  });
}

Deno.test("the words of Deno.connect and of TLS are the same", async () => {
  const dial = async (hostname: string, port: number) =>
    networkFailure((await rejection(connectTcp({ hostname, port }, signal))).message);
  assert.equal(await dial("nowhere.invalid", 80), "unknown_host");
  assert.equal(await dial("127.0.0.1", closedPort()), "refused");
  await using upstream = RawUpstream.start(undefined, { tls: stranger });
  const endpoint = { hostname: "localhost", port: upstream.port };
  const { message } = await rejection(connectTls(endpoint, { caCerts: [] }, signal));
  assert.equal(networkFailure(message), "tls");
  assert.equal(untrustedCertificate(message), "UnknownIssuer");
  upstream.violations.length = 0; // The handshake is broken off.
});

Deno.test({
  name: "what is not permitted is told apart",
  permissions: { net: false },
  fn: async () => {
    const { name } = await rejection(fetch("http://127.0.0.1:8080"));
    assert.equal(networkFailure(name), "not_permitted");
  },
});

Deno.test("words that nobody knows mean nothing", () => {
  assert.equal(networkFailure("the dog ate it"), undefined);
  assert.equal(fetchFailure(new TypeError("no cause")), "fetch failed");
  assert.equal(requestBodyFailure(new TypeError("no cause")), undefined);
});
