import assert from "node:assert/strict";
import { dirname } from "node:path";
import { AcmeCache, type CacheKey } from "../../../src/tls/acme/cache.ts";
import { defaultCacheDir } from "../../../src/tls/acme/cache_dir.ts";
import { CacheDirectory } from "../../kit/process/acme_proxy.ts";
import { TestAuthority } from "../../kit/tls/authority.ts";

const KEY: CacheKey = {
  directoryUrl: "https://ca.example/directory",
  domains: ["a.example.com", "b.example.com"],
  keyType: "ecdsa",
};

Deno.test("what is stored is read again, by this user alone", async () => {
  using directory = new CacheDirectory();
  const cache = new AcmeCache(directory.path, KEY);
  const pair = await (await TestAuthority.create()).issue();
  await cache.storeCertificate(pair);
  await cache.storeAttempts({ failures: 2, retryAt: 5, imposed: true });
  const account = await cache.account();
  await cache.storeAccount({ ...account, url: "https://ca.example/account/1" });
  const again = new AcmeCache(directory.path, KEY);
  assert.deepEqual(await again.certificate(), pair);
  assert.deepEqual(await again.attempts(), { failures: 2, retryAt: 5, imposed: true });
  assert.deepEqual(await again.account(), { ...account, url: "https://ca.example/account/1" });
  for (const [path, mode] of directory.files()) {
    assert.equal(mode, Deno.statSync(path).isDirectory ? 0o700 : 0o600, path);
  }
});

Deno.test("another authority, other domains and another kind of key have a certificate of their own", () => {
  const others: Partial<CacheKey>[] = [
    { directoryUrl: "https://ca.example/staging" },
    { domains: ["a.example.com"] },
    { keyType: "rsa" },
  ];
  const paths = [{}, ...others].map((other) =>
    new AcmeCache("/cache", { ...KEY, ...other }).certificatePath
  );
  assert.equal(new Set(paths).size, 4);
  const reordered = new AcmeCache("/cache", {
    ...KEY,
    domains: ["b.example.com", "a.example.com"],
  });
  assert.equal(dirname(reordered.certificatePath), dirname(paths[0]!));
});

Deno.test("files that were cut short count as absent", async () => {
  using directory = new CacheDirectory();
  const cache = new AcmeCache(directory.path, KEY);
  const { key } = await cache.account();
  await cache.storeAttempts({ failures: 1, retryAt: 1, imposed: false });
  for (const [path] of directory.files().filter(([path]) => path.endsWith(".json"))) {
    Deno.writeTextFileSync(path, '{"key": "-----BEG');
  }
  assert.equal(await cache.attempts(), undefined);
  assert.notEqual((await cache.account()).key, key);
});

const places: [os: typeof Deno.build.os, env: Record<string, string>, place: string | undefined][] =
  [
    ["linux", { HOME: "/home/me" }, "/home/me/.cache/claude-proxy/acme"],
    ["linux", { HOME: "/home/me", XDG_CACHE_HOME: "/x" }, "/x/claude-proxy/acme"],
    ["darwin", { HOME: "/Users/me" }, "/Users/me/Library/Caches/claude-proxy/acme"],
    ["linux", {}, undefined],
  ];

for (const [os, env, place] of places) {
  Deno.test(`the default cache directory on ${os} with ${Object.keys(env)} is ${place}`, () => {
    assert.equal(defaultCacheDir((name) => env[name], os), place);
  });
}
