import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adminUrl } from "../kit/process/admin.ts";
import { Browser } from "../kit/servers/browser.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

/** Where the pictures go, outside the repository. */
const PICTURES = join(tmpdir(), "claude-proxy-status-page");

const DESKTOP = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 844, mobile: true };

programTest({
  name: "the status page shows live what the proxy does, in light and dark and on a phone",
  needs: [{ program: "chromium", install: "apt-get install chromium" }],
  async fn() {
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.readBody();
      if (exchange.request.target === "/fail") return exchange.close();
      if (exchange.request.target !== "/stream") return await exchange.respond();
      await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
      await exchange.peerClosed();
    });
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--admin-port", "0", "--workers", "2"],
    });
    const admin = await adminUrl(proxy);
    const get = (target: string, key = CLIENT_KEY) =>
      request({ port: proxy.port, target, headers: [["Host", "a"], ["X-Api-Key", key]] });

    await using browser = await Browser.start();
    await browser.open(`${admin}/`, { ...DESKTOP, scheme: "light" });
    await browser.until(`document.querySelector("#contact.live")`);
    await browser.until(`document.querySelector("#in-flight").textContent === "0"`);

    // The page is open while all this happens, and follows without being loaded again.
    await Promise.all(Array.from({ length: 12 }, () => get("/v1/messages")));
    await get("/v1/messages", "wrong");
    await get("/fail");
    using stream = await RawClient.connect({ port: proxy.port });
    await stream.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    await stream.readHead();
    await browser.until(`document.querySelector("#in-flight").textContent === "1"`);
    await browser.until(`document.querySelector("#requests").textContent === "14"`);
    await browser.until(`document.querySelectorAll("#requests-plot .bar").length > 0`);
    const text = await browser.evaluate<string>("document.body.innerText");
    assert.match(text, /invalid_client_key\s+1\s/);
    assert.match(text, /upstream_unreachable\s+1\s/);
    assert.match(text, /client_api_key\s+••••\s+--client-api-key/);
    assert.match(text, /Upstream credential\s+API key/);
    for (const secret of [CLIENT_KEY, UPSTREAM_KEY]) assert.ok(!text.includes(secret));

    await save(browser, "light");
    await browser.open(`${admin}/`, { ...DESKTOP, scheme: "dark" });
    await browser.until(`document.querySelector("#contact.live")`);
    await save(browser, "dark");
    await browser.open(`${admin}/`, { ...PHONE, scheme: "light" });
    await browser.until(`document.querySelector("#contact.live")`);
    assert.equal(await browser.evaluate("document.documentElement.scrollWidth"), PHONE.width);
    await save(browser, "phone");

    assert.deepEqual(browser.complaints, []);
    const asked = browser.requested.filter((url) => !url.startsWith("data:"));
    assert.deepEqual(new Set(asked), new Set([`${admin}/`, `${admin}/status.json`]));

    proxy.signal("SIGTERM");
    stream[Symbol.dispose]();
    await proxy.exit();
    await browser.until(`document.querySelector("#contact.lost")`);
  },
});

async function save(browser: Browser, name: string): Promise<void> {
  await Deno.mkdir(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.png`);
  await Deno.writeFile(path, await browser.screenshot());
  console.log(`status page: ${path}`);
}
