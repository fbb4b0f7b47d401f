import assert from "node:assert/strict";
import { headerValues } from "../kit/http1/message_head.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { Browser } from "../kit/servers/browser.ts";

/** An origin with an empty page. */
function serveOrigin(): Deno.HttpServer<Deno.NetAddr> {
  const page = () =>
    new Response("<!doctype html><link rel=icon href=data:,><title>origin</title>", {
      headers: { "content-type": "text/html" },
    });
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, page);
}

const originOf = ({ addr }: Deno.HttpServer<Deno.NetAddr>) => `http://127.0.0.1:${addr.port}`;

/** What a script on a page sees of an answer; where the browser hides it, the error's name. */
interface Seen {
  readonly error?: string;
  readonly status?: number;
  readonly code?: string | null;
  readonly id?: string | null;
  readonly body?: string;
}

/** Has a page send a request that needs a preflight. */
async function fetchFrom(browser: Browser, url: string, key?: string): Promise<Seen> {
  await browser.evaluate(`(async () => {
    window.seen = undefined;
    try {
      const response = await fetch(${JSON.stringify(url)}, {
        method: "POST",
        headers: { "content-type": "application/json", ...${
    JSON.stringify(key === undefined ? {} : { "x-api-key": key })
  } },
        body: "{}",
      });
      window.seen = {
        status: response.status,
        code: response.headers.get("x-claude-proxy-error"),
        id: response.headers.get("x-request-id"),
        body: await response.text(),
      };
    } catch (error) {
      window.seen = { error: error.name };
    }
  })()`);
  await browser.until("window.seen");
  return await browser.evaluate<Seen>("window.seen");
}

/** Answers as an API that lets web pages read what it says, or as one that does not. */
function startUpstream(): RawUpstream {
  return RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    const isOpen = exchange.request.target.startsWith("/open");
    const { method } = exchange.request;
    await exchange.respond({
      body: `answer to ${method}`,
      headers: isOpen ? [["Access-Control-Allow-Origin", "*"]] : [],
    });
  });
}

programTest({
  name: "pages of cors_origins call the proxy from a browser, and those of others do not",
  needs: [{ program: "chromium", install: "apt-get install chromium" }],
  async fn(t) {
    await using upstream = startUpstream();
    await using allowed = serveOrigin();
    await using other = serveOrigin();
    const start = (args: string[]) => ProxyProcess.start({ upstreamUrl: upstream.url, args });
    await using proxy = await start([
      ...[
        "--unauthenticated",
        "reject",
        "--cors-origins",
        `https://a.example,${originOf(allowed)}`,
      ],
    ]);
    await using without = await start([]);
    await using browser = await Browser.start();
    const open = async (page: Deno.HttpServer<Deno.NetAddr>) => {
      await browser.open(originOf(page), { width: 800, height: 600, scheme: "light" });
      await browser.until(`location.origin === "${originOf(page)}" && document.title === "origin"`);
    };

    await open(allowed);
    await t.step("an allowed page reads the proxy's own errors", async () => {
      for (
        const [key, code] of [
          ["wrong", "invalid_client_key"],
          [undefined, "missing_client_key"],
        ] as const
      ) {
        const seen = await fetchFrom(browser, `${proxy.url}/v1/messages`, key);
        assert.deepEqual([seen.status, seen.code], [401, code]);
        assert.match(seen.body ?? "", /authentication_error/);
        await proxy.waitForLine(new RegExp(` id=${seen.id} .* error=${code}`));
      }
      assert.deepEqual(upstream.requests, []);
    });

    await t.step("an allowed page reads what an upstream lets it read", async () => {
      const seen = await fetchFrom(browser, `${proxy.url}/open`, CLIENT_KEY);
      assert.deepEqual([seen.status, seen.body], [200, "answer to POST"]);
      assert.deepEqual(upstream.requests.map(({ method }) => method), ["POST"]);
    });

    await t.step("what an upstream lets nobody read, no page reads", async () => {
      assert.deepEqual(await fetchFrom(browser, `${proxy.url}/closed`, CLIENT_KEY), {
        error: "TypeError",
      });
      assert.deepEqual(upstream.requests.map(({ method }) => method), ["POST", "POST"]);
    });

    await t.step(
      "without cors_origins a page reads no error, and preflights are forwarded",
      async () => {
        assert.deepEqual(await fetchFrom(browser, `${without.url}/open`, "wrong"), {
          error: "TypeError",
        });
        assert.equal(upstream.requests.at(-1)?.method, "OPTIONS");
      },
    );

    await t.step("a page of another origin is refused at its preflight", async () => {
      const before = upstream.requests.length;
      await open(other);
      for (const key of [CLIENT_KEY, "wrong"]) {
        assert.deepEqual(await fetchFrom(browser, `${proxy.url}/open`, key), {
          error: "TypeError",
        });
      }
      assert.equal(upstream.requests.length, before);
      await proxy.waitForLine(/method=OPTIONS path=\/open .*status=401 .*missing_client_key/);
    });
  },
});

Deno.test("a preflight needs no key and does not reach the upstream, whatever it asks for", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--unauthenticated", "reject", "--cors-origins", "https://app.example.com"],
  });
  const response = await request({
    port: proxy.port,
    method: "OPTIONS",
    target: "/v1/messages?beta=true",
    headers: [
      ["Host", "localhost"],
      ["Origin", "https://app.example.com"],
      ["Access-Control-Request-Method", "POST"],
      ["Access-Control-Request-Headers", "authorization,content-type"],
    ],
  });
  assert.equal(response.status, 204);
  const header = (name: string) => headerValues(response.headers, name);
  assert.deepEqual(header("access-control-allow-origin"), ["https://app.example.com"]);
  assert.deepEqual(header("access-control-allow-methods"), ["POST"]);
  assert.deepEqual(header("access-control-allow-headers"), ["authorization,content-type"]);
  assert.deepEqual(header("access-control-max-age"), ["7200"]);
  assert.deepEqual(header("vary"), [
    "origin, access-control-request-method, access-control-request-headers",
  ]);
  assert.equal(header("x-request-id").length, 1);
  assert.deepEqual(upstream.requests, []);
  await proxy.waitForLine(/method=OPTIONS path=\/v1\/messages status=204/);
});

Deno.test("a forwarded answer is untouched, whatever the page's origin", async () => {
  await using upstream = RawUpstream.start((exchange) =>
    exchange.respond({ headers: [["Access-Control-Allow-Origin", "https://else.example"]] })
  );
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--cors-origins", "https://app.example.com"],
  });
  for (const origin of ["https://app.example.com", "https://else.example"]) {
    const { headers } = await request({
      port: proxy.port,
      headers: [["Host", "localhost"], ["Origin", origin], ["X-Api-Key", CLIENT_KEY]],
    });
    assert.deepEqual(headerValues(headers, "access-control-allow-origin"), [
      "https://else.example",
    ]);
    for (const name of ["vary", "access-control-expose-headers", "x-request-id"]) {
      assert.deepEqual(headerValues(headers, name), []);
    }
    assert.deepEqual((await upstream.nextRequest()).values("origin"), [origin]);
  }
});
