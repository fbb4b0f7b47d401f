import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { Daemon } from "../kit/process/daemon.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const UPSTREAM = fileURLToPath(new URL("../hostile/upload_upstream.ts", import.meta.url));
const MEGABYTE = 1_000_000;
/** The longest that others may wait, in milliseconds. Without care it is a minute, see below. */
const LONGEST_WAIT = 2_000;
/** The most that uploads may cost, in bytes. */
const ALLOWED_GROWTH = 64 * 2 ** 20;

/** A proxy in front of an upstream that takes uploads. */
class Uploads implements AsyncDisposable {
  readonly proxy: ProxyProcess;
  readonly #upstream: Daemon;

  private constructor(proxy: ProxyProcess, upstream: Daemon) {
    this.proxy = proxy;
    this.#upstream = upstream;
  }

  static async start(workers: number): Promise<Uploads> {
    const ready = /^\d+$/;
    const args = ["run", "-A", UPSTREAM];
    const upstream = await Daemon.start({ program: Deno.execPath(), args, ready });
    const upstreamUrl = `http://127.0.0.1:${await upstream.waitForLine(ready)}`;
    const options = { upstreamUrl, args: ["--workers", `${workers}`] };
    return new Uploads(await ProxyProcess.start(options), upstream);
  }

  /** The longest that another client waits for an answer, from now until a while after the end. */
  async longestWait(end: Promise<unknown>): Promise<number> {
    const { port } = this.proxy;
    let until = Infinity;
    const ended = end.finally(() => until = performance.now() + 1_000);
    let longest = 0;
    while (performance.now() < until) {
      const asked = performance.now();
      const { status } = await request({ port, target: "/healthz", deadlineMs: 60_000 });
      assert.equal(status, 200);
      longest = Math.max(longest, performance.now() - asked);
      await new Promise((later) => setTimeout(later, 10));
    }
    await ended;
    return longest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
  }
}

/** What is uploaded, how, and where to. */
interface Upload {
  chunkBytes: number;
  bytes: number;
  target: string;
}

/** Sends chunks as fast as they are taken, but not their end. */
async function send(client: RawClient, { chunkBytes, bytes, target }: Upload): Promise<void> {
  const head = `POST ${target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`;
  await client.write(head);
  const chunk = `${chunkBytes.toString(16)}\r\n${"x".repeat(chunkBytes)}\r\n`;
  const times = Math.ceil(100_000 / chunkBytes);
  const block = new TextEncoder().encode(chunk.repeat(times));
  for (let sent = 0; sent < bytes; sent += times * chunkBytes) {
    await client.write(block, Infinity);
  }
}

/** Uploads that took what others waited from 2.7 s (10 MB of the first) to minutes, and their end. */
const UPLOADS: [name: string, upload: Upload][] = [
  ["chunks of 1,000 bytes", { chunkBytes: 1_000, bytes: 30 * MEGABYTE, target: "/" }],
  ["chunks of 16 kB", { chunkBytes: 16_384, bytes: 100 * MEGABYTE, target: "/" }],
  ["chunks of 1 MB", { chunkBytes: 2 ** 20, bytes: 100 * MEGABYTE, target: "/" }],
];

for (const [name, upload] of UPLOADS) {
  Deno.test(`an upload in ${name}, whole or cut, keeps nobody waiting`, async () => {
    await using uploads = await Uploads.start(1);
    const { port } = uploads.proxy;
    const whole = async () => {
      using client = await RawClient.connect({ port });
      await send(client, upload);
      await client.write("0\r\n\r\n");
      const { status, bytes } = await client.readResponse({ method: "POST", deadlineMs: 30_000 });
      assert.equal(status, 200);
      assert.ok(JSON.parse(new TextDecoder().decode(bytes)).bytes >= upload.bytes);
    };
    const cut = async () => {
      using client = await RawClient.connect({ port });
      await send(client, upload);
    };
    for (const way of [whole, cut]) {
      const longest = await uploads.longestWait(way());
      assert.ok(longest < LONGEST_WAIT, `${way.name}: somebody waited ${longest} ms`);
    }
  });
}

Deno.test({
  name:
    "clients that upload faster than the upstream reads are held back, and cost nobody anything",
  ignore: Deno.build.os !== "linux", // Resident memory is read from /proc.
  fn: async () => {
    await using uploads = await Uploads.start(2);
    const { proxy } = uploads;
    await request({ port: proxy.port, target: "/healthz" });
    const idle = proxy.rssBytes();
    const upload = { chunkBytes: 1_000, bytes: 200 * MEGABYTE, target: "/at/2000000" };
    const clients = await Promise.all(
      Array.from({ length: 6 }, () => RawClient.connect({ port: proxy.port })),
    );
    const sending = clients.map((client) => send(client, upload).catch(() => {}));
    const fiveSeconds = new Promise((later) => setTimeout(later, 5_000));
    setTimeout(() => proxy.signal("SIGHUP"), 1_000);
    const longest = await uploads.longestWait(fiveSeconds);
    const grown = proxy.rssBytes() - idle;
    await proxy.waitForLine(/settings reloaded/, 10_000);
    clients.forEach((client) => client.close());
    await Promise.all(sending);
    assert.ok(longest < LONGEST_WAIT, `somebody waited ${longest} ms`);
    assert.ok(grown < 2 * ALLOWED_GROWTH, `memory grew by ${grown} bytes`);
    assert.ok((await uploads.longestWait(Promise.resolve())) < LONGEST_WAIT);
  },
});

Deno.test("chunks that pile up are refused, and the answer arrives", async () => {
  await using uploads = await Uploads.start(1);
  using client = await RawClient.connect({ port: uploads.proxy.port });
  const before = "x".repeat(100_000); // From now on, the runtime reads 64 KiB at a time.
  await client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${before.length}\r\n\r\n`);
  await client.write(before);
  assert.equal((await client.readResponse({ method: "POST" })).bytes.length, before.length);

  const upload = { chunkBytes: 500, bytes: 50 * MEGABYTE, target: "/at/2000000" };
  const sending = send(client, upload).catch(() => {});
  const longest = uploads.longestWait(sending);
  const head = await client.readHead();
  assert.equal(head.status, 411);
  assert.deepEqual(headerValues(head.headers, "x-claude-proxy-error"), ["unforwardable_request"]);
  assert.ok(await longest < LONGEST_WAIT, `somebody waited ${await longest} ms`);
});

Deno.test({
  name: "the OpenAI SDK streams a file of 150 MB up at the upstream's pace, within 64 MB of memory",
  ignore: Deno.build.os !== "linux", // Resident memory is read from /proc.
  fn: async () => {
    await using uploads = await Uploads.start(1);
    const { proxy } = uploads;
    await request({ port: proxy.port, target: "/healthz" });
    const idle = proxy.rssBytes();
    let most = idle;
    const watch = setInterval(() => most = Math.max(most, proxy.rssBytes()), 50);
    const path = await Deno.makeTempFile();
    try {
      await Deno.truncate(path, 150 * MEGABYTE);
      const baseURL = `${proxy.url}/at/20000000`;
      const client = new OpenAI({ baseURL, apiKey: CLIENT_KEY, maxRetries: 0 });
      const began = performance.now();
      const file = await client.files.create({ file: createReadStream(path), purpose: "batch" });
      const took = performance.now() - began;
      assert.ok(file.bytes > 150 * MEGABYTE, `${file.bytes} bytes arrived`);
      assert.ok(took < 1.5 * 7_500, `it took ${took} ms`);
      assert.ok(most - idle < ALLOWED_GROWTH, `memory grew by ${most - idle} bytes`);
    } finally {
      clearInterval(watch);
      await Deno.remove(path);
    }
  },
});

const HEAD = "Host: h\r\nTransfer-Encoding: chunked\r\n";
const LENGTH = "Host: h\r\nContent-Length: 5000\r\n";
const REFUSED: [name: string, head: string, status: number][] = [
  ["a wrong key", `POST / HTTP/1.1\r\n${HEAD}x-api-key: wrong\r\n`, 401],
  ["dot segments", `POST /../a HTTP/1.1\r\n${HEAD}`, 400],
  ["a Host that is none", `POST / HTTP/1.1\r\n${HEAD.replace("h\r", "h/\r")}`, 400],
  ["a method that cannot cross", `TRACE / HTTP/1.1\r\n${HEAD}`, 405],
  ["a coding in front of chunked", `POST / HTTP/1.1\r\n${HEAD.replace("ch", "gzip, ch")}`, 501],
  ["a wrong key, with a length", `POST / HTTP/1.1\r\n${LENGTH}x-api-key: wrong\r\n`, 401],
  ["a length over the limit", `POST / HTTP/1.1\r\n${LENGTH}`, 413],
];

Deno.test("a refusal waits for nothing of the body", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--max-request-body", "4999"],
  });
  for (const [name, head, status] of REFUSED) {
    await t.step(name, async () => {
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(`${head}\r\n`);
      const response = await client.readResponse({ method: "POST" });
      assert.equal(response.status, status);
    });
  }
  assert.equal(upstream.connectionCount, 0);
});
