import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { closed, connect, messages } from "../kit/servers/websocket_client.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";

const MEGABYTE = 2 ** 20;

Deno.test("text and binary messages of every size cross unchanged", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const texts = ["", "a", "é€😀", "\uFEFFwith a BOM", "x".repeat(125), "y".repeat(126)];
  const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, MEGABYTE + 3];
  const sent = [...texts, ...sizes.map((size) => Buffer.alloc(size, "z"))];
  const echoed = messages(socket, sent.length);
  for (const message of sent) socket.send(message);
  for (const [index, { data, isBinary }] of (await echoed).entries()) {
    const message = sent[index];
    assert.equal(isBinary, typeof message !== "string");
    assert.ok(Buffer.from(message as string).equals(data), `message ${index}`);
  }
  socket.terminate();
});

Deno.test("fragments from either side arrive as the message they make", async () => {
  await using upstream = await WebSocketUpstream.start({
    onSession(socket) {
      socket.on("message", (data) => {
        const text = data.toString();
        for (const char of text) socket.send(char, { fin: false });
        socket.send("", { fin: true });
      });
    },
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const echoed = messages(socket, 1);
  socket.send("frag", { fin: false });
  socket.ping(); // May come between fragments.
  socket.send("", { fin: false });
  socket.send("ments", { fin: true });
  assert.deepEqual((await echoed).map(({ data }) => `${data}`), ["fragments"]);
  socket.terminate();
});

Deno.test("100 sockets at once: 10,000 messages come back in order, with equal hashes", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const session = async (id: number) => {
    const socket = await connect(proxy.url);
    const echoed = messages(socket, 100);
    const sent = createHash("sha256");
    for (let index = 0; index < 100; index++) {
      const message = `${id}/${index} ${"*".repeat((id * 37 + index * 101) % 5000)}`;
      sent.update(message);
      socket.send(message);
    }
    const received = createHash("sha256");
    for (const { data } of await echoed) received.update(data);
    assert.equal(received.digest("hex"), sent.digest("hex"));
    const end = closed(socket);
    socket.close(1000);
    assert.equal((await end).code, 1000);
  };
  await Promise.all(Array.from({ length: 100 }, (_, id) => session(id)));
});

Deno.test("16 MB messages cross unchanged, four in a row", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const big = Buffer.alloc(16 * MEGABYTE);
  for (let at = 0; at < big.length; at += 65_536) {
    crypto.getRandomValues(new Uint8Array(big.buffer, big.byteOffset + at, 65_536));
  }
  const text = "é".repeat(8 * MEGABYTE);
  const echoed = messages(socket, 4);
  for (const message of [big, text, big, text]) socket.send(message);
  const [one, two, three, four] = await echoed;
  assert.ok(big.equals(one!.data) && big.equals(three!.data));
  assert.equal(Buffer.compare(Buffer.from(text), two!.data), 0);
  assert.equal(Buffer.compare(Buffer.from(text), four!.data), 0);
  socket.terminate();
});

/** RFC 6455 §7.4.1, what registries and applications use, and none. */
const CODES = [undefined, 1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4999];

Deno.test("close codes and reasons cross from the client to the upstream", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const code of CODES) {
    const socket = await connect(proxy.url);
    const session = await upstream.nextSession();
    const seen = closed(session.socket);
    const reason = code === undefined ? "" : `because ${code} é`;
    socket.close(code, reason);
    assert.deepEqual(await seen, { code: code ?? 1005, reason });
  }
});

Deno.test("close codes and reasons cross from the upstream to the client", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const code of CODES) {
    const socket = await connect(proxy.url);
    const session = await upstream.nextSession();
    const seen = closed(socket);
    const reason = code === undefined ? "" : `because ${code} é`;
    session.socket.close(code, reason);
    assert.deepEqual(await seen, { code: code ?? 1005, reason });
  }
});

Deno.test("an upstream that breaks off is 1011 to the client, and no clean end", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const session = await upstream.nextSession();
  const seen = closed(socket);
  session.socket.terminate();
  assert.deepEqual(await seen, { code: 1011, reason: "The upstream's connection broke off" });
});

Deno.test("a client that breaks off breaks the upstream's connection off", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const session = await upstream.nextSession();
  const seen = closed(session.socket);
  socket.terminate();
  assert.equal((await seen).code, 1006);
  await proxy.waitForLine(/status=101/);
});

Deno.test("pings of the client and of the upstream are answered with their own bytes", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  const session = await upstream.nextSession();
  for (const peer of [socket, session.socket]) {
    const pong = new Promise<string>((resolve) => peer.once("pong", (data) => resolve(`${data}`)));
    peer.ping("still there?");
    assert.equal(await pong, "still there?");
  }
  socket.terminate();
});

Deno.test("after shutdown_timeout both sides are closed with 1001, until then sessions go on", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--shutdown-timeout", "1"],
  });
  const socket = await connect(proxy.url);
  const session = await upstream.nextSession();
  const ends = Promise.all([closed(socket), closed(session.socket)]);
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining/);
  const echoed = messages(socket, 1);
  socket.send("while draining");
  await echoed;
  for (const { code } of await ends) assert.equal(code, 1001);
  assert.equal(await proxy.exit(), 0);
});

Deno.test("a session outlives upstream_header_timeout, which is for the handshake", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--upstream-header-timeout", "0.5"],
  });
  const socket = await connect(proxy.url);
  await new Promise((passed) => setTimeout(passed, 1000)); // What is tested is time going by.
  const echoed = messages(socket, 1);
  socket.send("still there");
  assert.equal(`${(await echoed)[0]?.data}`, "still there");
  socket.terminate();
});

Deno.test("a session that ends while draining lets the program end before the deadline", async () => {
  await using upstream = await WebSocketUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const socket = await connect(proxy.url);
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining/);
  socket.close(1000);
  assert.equal(await proxy.exit(), 0);
});
