import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  CacheDirectory,
  certificateIssued,
  shown,
  startAcmeProxy,
} from "../kit/process/acme_proxy.ts";
import { freePort } from "../kit/process/free_port.ts";
import { PEBBLE, Pebble } from "../kit/servers/pebble.ts";
import { programTest } from "../kit/process/programs.ts";
import { servedCertificate } from "../kit/tls/served_certificate.ts";

const FAILED = /no certificate was issued.*reason="(.*?)" failures=/;

for (const nonceReject of [5, 50]) {
  programTest({
    name: `the first certificate for two domains is issued while ${nonceReject} % of nonces fail`,
    needs: PEBBLE,
    fn: async () => {
      using cacheDir = new CacheDirectory();
      await using pebble = await Pebble.start({ nonceReject });
      const domains = ["a.example.com", "b.example.com"];
      await using proxy = await startAcmeProxy(pebble, { cacheDir, domains });
      const [placeholder] = await proxy.waitForLine(/serving a self-signed placeholder/);
      assert.ok(placeholder);
      await certificateIssued(proxy);
      for (const name of domains) {
        const { distrust, names } = await shown(proxy, pebble, name);
        assert.equal(distrust, undefined);
        assert.equal(names, "DNS:a.example.com, DNS:b.example.com");
      }
      assert.deepEqual([...new Set(cacheDir.files().map(([, mode]) => mode))].sort(), [
        0o600,
        0o700,
      ]);
    },
  });
}

programTest({
  name: "HTTPS listens with a placeholder for the domains while the authority is down",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    await using pebble = await Pebble.start();
    await pebble.pause();
    await using proxy = await startAcmeProxy(pebble, { cacheDir });
    const placeholder = await servedCertificate({ port: proxy.port, serverName: "a.example.com" });
    assert.deepEqual(
      [placeholder.issuer, placeholder.names],
      ["claude-proxy placeholder", "DNS:a.example.com"],
    );
    const [, reason] = await proxy.waitForLine(FAILED);
    assert.match(
      reason ?? "",
      /^cannot reach the authority at localhost:\d+: it refused the connection; check tls\.directory_url/,
    );
    await pebble.resume();
    proxy.signal("SIGHUP");
    await certificateIssued(proxy);
    assert.equal((await shown(proxy, pebble)).distrust, undefined);
  },
});

programTest({
  name: "a restart serves the cached certificate, even while the authority is down",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    await using pebble = await Pebble.start();
    const root = await pebble.root();
    {
      await using first = await startAcmeProxy(pebble, { cacheDir });
      await certificateIssued(first);
    }
    const { serialNumber } = new X509Certificate(cacheDir.certificate());
    const requests = pebble.count("-> calling handler");
    await using second = await startAcmeProxy(pebble, { cacheDir });
    await second.waitForLine(/certificate found in the cache/);
    const look = { port: second.port, ca: [root], serverName: "a.example.com" };
    const { serial, distrust } = await servedCertificate(look);
    assert.deepEqual([serial, distrust], [serialNumber, undefined]);
    await second[Symbol.asyncDispose]();
    assert.equal(pebble.count("-> calling handler"), requests);
    await pebble.pause();
    await using third = await startAcmeProxy(pebble, { cacheDir });
    assert.equal((await servedCertificate({ ...look, port: third.port })).serial, serialNumber);
  },
});

programTest({
  name: "an RSA key is had when asked for",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    await using pebble = await Pebble.start();
    await using proxy = await startAcmeProxy(pebble, {
      cacheDir,
      args: ["--acme-key-type", "rsa"],
    });
    await certificateIssued(proxy);
    const { publicKey } = new X509Certificate(cacheDir.certificate());
    assert.equal(publicKey.asymmetricKeyType, "rsa");
    assert.equal((await shown(proxy, pebble)).distrust, undefined);
  },
});

programTest({
  name: "external account binding: refused without, issued with the right key",
  needs: PEBBLE,
  fn: async () => {
    const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    await using pebble = await Pebble.start({ externalAccounts: { "kid-1": key } });
    using cacheDir = new CacheDirectory();
    {
      await using without = await startAcmeProxy(pebble, { cacheDir });
      const [, reason] = await without.waitForLine(FAILED);
      assert.match(reason ?? "", /^the authority wants external account binding: set eab_kid/);
    }
    const args = ["--acme-eab-kid", "kid-1", "--acme-eab-hmac-key", key];
    await using proxy = await startAcmeProxy(pebble, { cacheDir, args });
    await certificateIssued(proxy);
    assert.equal((await shown(proxy, pebble)).distrust, undefined);
  },
});

const faults: [what: string, start: FaultyStart, reason: RegExp][] = [
  [
    "a domain on the authority's block list",
    (pebble, cacheDir) => startAcmeProxy(pebble, { cacheDir, domains: ["blocked.example.com"] }),
    /^the authority will not issue for one of the domains \(localhost:\d+: .*blocked\.example\.com/,
  ],
  [
    "a port 80 that cannot be reached",
    (pebble, cacheDir) => startAcmeProxy(pebble, { cacheDir, challengePort: freePort() }),
    /^the authority cannot connect to a\.example\.com at port 80: it must be reachable/,
  ],
];

for (const [what, start, reason] of faults) {
  programTest({
    name: `${what} is said plainly, and the placeholder stays`,
    needs: PEBBLE,
    fn: async () => {
      using cacheDir = new CacheDirectory();
      await using pebble = await Pebble.start({ blocked: ["blocked.example.com"] });
      await using proxy = await start(pebble, cacheDir);
      const [, text] = await proxy.waitForLine(FAILED);
      assert.match(text ?? "", reason);
      await proxy.waitForLine(/failures=1 next_try=20.* served="the self-signed placeholder"/);
      assert.equal((await servedCertificate(proxy)).issuer, "claude-proxy placeholder");
    },
  });
}

programTest({
  name: "another server at the domain is said plainly",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    await using pebble = await Pebble.start();
    const listen = { hostname: "127.0.0.1", port: pebble.challengePort, onListen() {} };
    await using _other = Deno.serve(listen, () => new Response("hello"));
    await using proxy = await startAcmeProxy(pebble, {
      cacheDir,
      challengePort: freePort(),
    });
    const [, reason] = await proxy.waitForLine(FAILED);
    assert.match(reason ?? "", /^another server than this one answers for a\.example\.com/);
  },
});

type FaultyStart = (
  pebble: Pebble,
  cacheDir: CacheDirectory,
) => ReturnType<typeof startAcmeProxy>;
