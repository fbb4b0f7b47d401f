import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adminUrl } from "../kit/process/admin.ts";
import { Browser, type BrowserView } from "../kit/servers/browser.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { type NeededProgram, programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { applicationFlags, startAzureProxy } from "./azure_proxy.ts";

/** Where the pictures go, outside the repository. */
const PICTURES = join(tmpdir(), "claude-proxy-status-page");
const CHROMIUM: NeededProgram[] = [{ program: "chromium", install: "apt-get install chromium" }];

const DESKTOP = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 844, mobile: true };
const VIEWS: Record<string, BrowserView> = {
  desktop_light: { ...DESKTOP, scheme: "light" },
  desktop_dark: { ...DESKTOP, scheme: "dark" },
  phone_light: { ...PHONE, scheme: "light" },
  phone_dark: { ...PHONE, scheme: "dark" },
};

const ADMIN = ["--admin-port", "0", "--workers", "2"];
const MARKUP = "<img src=x onerror=alert(1)>";

/** Answers as its path says: `/fail` not at all, `/stream` without an end, `/529` with that status. */
async function answer(exchange: Exchange): Promise<void> {
  await exchange.readBody();
  const { target } = exchange.request;
  if (target === "/fail") return exchange.close();
  const status = Number(/^\/(\d{3})$/.exec(target)?.[1] ?? 200);
  if (target !== "/stream") return await exchange.respond({ status });
  await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
  await exchange.peerClosed(120_000);
}

/** The page in each view, and a picture of it; it fits the width of each. */
async function look(browser: Browser, admin: string, name: string, state: string): Promise<void> {
  await Deno.mkdir(PICTURES, { recursive: true });
  for (const [view, seen] of Object.entries(VIEWS)) {
    await browser.open(`${admin}/`, seen);
    await browser.until(`document.querySelector("#contact.${state}")`);
    assert.equal(await browser.evaluate("document.documentElement.scrollWidth"), seen.width, view);
    const path = join(PICTURES, `${name}_${view}.png`);
    await Deno.writeFile(path, await browser.screenshot({ whole: true }));
  }
  console.log(`status page: ${PICTURES}/${name}_*.png`);
}

/** What the page shows. */
function shown(browser: Browser): Promise<string> {
  return browser.evaluate<string>("document.body.innerText");
}

programTest({
  name: "the status page shows live what the proxy does: idle, busy, failing, draining, gone",
  needs: CHROMIUM,
  async fn() {
    await using upstream = RawUpstream.start(answer);
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ADMIN,
    });
    const admin = await adminUrl(proxy);
    const get = (target: string, key = CLIENT_KEY, id = "an-id") => {
      const headers: [string, string][] = [["Host", "a"], ["X-Api-Key", key]];
      return request({ port: proxy.port, target, headers: [...headers, ["X-Request-Id", id]] });
    };

    await using browser = await Browser.start();
    await look(browser, admin, "idle", "serving");
    await browser.open(`${admin}/`, VIEWS["desktop_light"]!);
    await browser.until(`document.querySelector("#contact.serving")`);
    await browser.until(`document.querySelector("#in-flight").textContent === "0"`);
    assert.match(await shown(browser), /None since the start/);

    // The page is open while all this happens, and follows without being loaded again.
    await Promise.all(Array.from({ length: 12 }, () => get("/v1/messages")));
    using stream = await RawClient.connect({ port: proxy.port });
    await stream.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    await stream.readHead();
    await browser.until(`document.querySelector("#in-flight").textContent === "1"`);
    await browser.until(`document.querySelectorAll("#requests-plot .bar").length > 0`);
    await look(browser, admin, "busy", "serving");
    await get("/v1/messages", "wrong");
    for (let i = 0; i < 20; i++) await get("/500", undefined, `early-${i}`);
    await get("/fail", undefined, "the-one-that-broke");
    for (const status of [429, 529, 529, 404]) {
      await get(`/${status}`, undefined, `upstream-${status}`);
    }
    await browser.until(`document.querySelector("#requests").textContent === "38"`);
    await look(browser, admin, "failing", "serving");

    await browser.evaluate("document.querySelector('details').open = true");
    const text = await shown(browser);
    assert.equal(await browser.evaluate("document.querySelectorAll('#failures tr').length"), 20);
    assert.match(text, /invalid_client_key\s+1\s/);
    assert.match(text, /upstream_unreachable\s+1\s/);
    assert.match(text, /5xx: 22 upstream's, 1 our own; 1\s×\s429/);
    assert.match(text, /502 our own\s+upstream_unreachable: .+\s+the-one-that-broke/);
    assert.match(
      text,
      /529 upstream's\s+the upstream failed, and its answer was passed on\s+upstream-529/,
    );
    assert.match(text, /429 upstream's\s+the upstream's rate limit\s+upstream-429/);
    assert.match(text, /Memory\s+\d+ MiB/);
    assert.match(text, /client_api_key\s+••••\s+--client-api-key/);
    assert.match(text, /Upstream credential\s+API key/);
    for (const secret of [CLIENT_KEY, UPSTREAM_KEY]) assert.ok(!text.includes(secret));

    proxy.signal("SIGTERM");
    await browser.until(`document.querySelector("#contact.draining")`);
    assert.match(
      await shown(browser),
      /Draining since .+1 request still runs.+cut off in \d+ min/s,
    );
    await look(browser, admin, "draining", "draining");
    assert.deepEqual(browser.complaints, []);
    const asked = browser.requested.filter((url) => !url.startsWith("data:"));
    assert.deepEqual(new Set(asked), new Set([`${admin}/`, `${admin}/status.json`]));
    stream[Symbol.dispose]();
    await proxy.exit();
    await browser.until(`document.querySelector("#contact.lost")`);
  },
});

programTest({
  name: "without a credential the status page says why, and when it is tried again",
  needs: CHROMIUM,
  async fn() {
    await using entra = await FakeEntra.start();
    const error_description = `AADSTS999: ${MARKUP} No reason is known.`;
    entra.answer = () =>
      Response.json({ error: "invalid_client", error_description }, { status: 401 });
    await using proxy = await startAzureProxy({
      type: "azure_ad",
      args: [...ADMIN, ...applicationFlags(entra.url)],
      env: entra.env,
    });
    const admin = await adminUrl(proxy);
    await proxy.waitForLine(/no upstream token/);
    await using browser = await Browser.start();
    await look(browser, admin, "no_credential", "stuck");
    const text = await shown(browser);
    assert.match(text, /no credential/);
    assert.match(text, /No credential for the upstream: requests that need one get 503/);
    assert.match(text, /AADSTS999.+(?:Next try in \d+|Being tried again)/s);
    assert.ok(text.includes(MARKUP), "text that looks like markup is text");
    assert.equal(await browser.evaluate("document.querySelectorAll('main img').length"), 0);
    entra.answer = () => entra.giveToken();
    await browser.until(`document.querySelector("#contact.serving")`);
    await browser.until(`document.querySelector("#notice").hidden`);
    assert.deepEqual(browser.complaints, []);
  },
});

programTest({
  name: "a browser that is given admin.api_key as password shows the status page",
  needs: CHROMIUM,
  async fn() {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: [...ADMIN, "--admin-api-key", "key-of-the-page"],
    });
    const admin = await adminUrl(proxy);
    await using browser = await Browser.start();
    await browser.open(`${admin.replace("//", "//me:key-of-the-page@")}/`, VIEWS["phone_light"]!);
    await browser.until(`document.querySelector("#contact.serving")`);
    assert.deepEqual(browser.complaints, []);
  },
});
