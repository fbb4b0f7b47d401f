import assert from "node:assert/strict";
import { acmeOptions, CacheDirectory, certificateIssued } from "../kit/process/acme_proxy.ts";
import { TestAuthority } from "../kit/tls/authority.ts";
import { freePort } from "../kit/process/free_port.ts";
import { CertificateDirectory, manual } from "../kit/servers/https_proxy.ts";
import { PEBBLE, Pebble } from "../kit/servers/pebble.ts";
import { programTest } from "../kit/process/programs.ts";
import { isLookedFor, printedPermissions } from "../kit/process/printed_permissions.ts";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";

Deno.test("mode manual runs with the permissions printed for it, and each missing one is named", async () => {
  using directory = new CertificateDirectory();
  directory.write(await (await TestAuthority.create()).issue());
  const options = {
    upstreamUrl: "http://127.0.0.1:9",
    args: manual(directory, [], freePort()),
  };
  const flags = await printedPermissions(options);
  assert.match(flags.join(" "), new RegExp(`--allow-read=\\S*${directory.certPath}`));
  await using proxy = await ProxyProcess.start({ ...options, permissions: flags });
  assert.match(proxy.url, /^https:/);
  await assertEachMissingIsNamed(options, flags);
});

programTest({
  name: "mode acme issues with the permissions printed for it, and each missing one is named",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    await using pebble = await Pebble.start();
    const options = acmeOptions(pebble, { cacheDir });
    const flags = await printedPermissions(options);
    assert.ok(flags.includes(`--allow-write=${cacheDir.path}`));
    {
      await using proxy = await ProxyProcess.start({ ...options, permissions: flags });
      await certificateIssued(proxy);
    }
    await assertEachMissingIsNamed(options, flags);
  },
});

Deno.test("check tells the certificate and its end, and what is wrong with it", async () => {
  using directory = new CertificateDirectory();
  const authority = await TestAuthority.create();
  const issued = await authority.issue({ names: ["proxy.example.com"] });
  directory.write(issued);
  assert.match(
    await checked(directory),
    /^ok +certificate: for proxy\.example\.com: the certificate expires in 29 days, on 20/m,
  );
  Deno.writeTextFileSync(directory.keyPath, (await authority.issue()).key);
  assert.match(await checked(directory), /^FAIL certificate: .*tls\.key: the key does not belong/m);
});

async function checked(directory: CertificateDirectory): Promise<string> {
  await using program = await ProxyProcess.spawn({
    upstreamUrl: "http://127.0.0.1:9",
    args: [...manual(directory), "check"],
  });
  await program.exit();
  return program.stdout.join("\n");
}

/** Takes each value out of each flag in turn, but for those that a start can do without. */
async function assertEachMissingIsNamed(options: ProxyOptions, flags: string[]): Promise<void> {
  for (const flag of flags) {
    const [kind = "", list = ""] = flag.split("=");
    for (const value of list.split(",").filter((value) => !isLookedFor(kind, value))) {
      const rest = list.split(",").filter((other) => other !== value).join(",");
      const permissions = flags.flatMap((other) => {
        if (other !== flag) return [other];
        return rest === "" ? [] : [`${kind}=${rest}`];
      });
      await using program = await ProxyProcess.spawn({ ...options, permissions });
      assert.equal(await program.exit(), 2, `${kind}=${value}`);
      assert.ok(program.stderr.join("\n").includes(`${kind}=${value}`), program.stderr.join("\n"));
    }
  }
}
