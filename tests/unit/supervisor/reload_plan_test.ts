import assert from "node:assert/strict";
import { planReload } from "../../../src/supervisor/reload_plan.ts";
import { load } from "../config/loading.ts";

Deno.test("what changed is told apart from what needs a restart, which keeps value and source", async () => {
  const before = await load({ toml: "port = 81\n[logging]\nlevel = 'info'" });
  const after = await load({
    toml: "\nport = 82\nunauthenticated = 'reject'\n[admin]\nport = 83\n[logging]\nlevel = 'debug'",
    flags: { workers: "3" },
  });
  const { loaded, changed, restart } = planReload(before, after);
  assert.deepEqual(changed, ["unauthenticated", "logging.level"]);
  assert.deepEqual(restart, ["port", "workers", "admin.port"]);
  assert.equal(loaded.settings.port, 81);
  assert.deepEqual(loaded.provenance.get("port"), { from: "file", file: "config.toml", line: 1 });
  assert.equal(loaded.settings.workers, "auto");
  assert.equal("port" in loaded.settings.admin, false);
  assert.equal(loaded.settings.unauthenticated, "reject");
});

Deno.test("upstream_url may change its path, not the address that workers may reach", async () => {
  const at = (upstream_url: string) => load({ flags: { upstream_url } });
  const from = async (a: string, b: string) => planReload(await at(a), await at(b));
  const path = await from("https://a.example/v1", "https://a.example:443/v2");
  assert.deepEqual([path.changed, path.restart], [["upstream_url"], []]);
  const host = await from("https://a.example/v1", "https://b.example/v1");
  assert.deepEqual([host.changed, host.restart], [[], ["upstream_url"]]);
  assert.equal(host.loaded.settings.upstream_url, "https://a.example/v1");
});

Deno.test("a reload that changes the models list names what changes in it", async () => {
  const model = (id: string) => `[[models]]\nid = "${id}"\napi = "openai"\n`;
  const before = await load({ toml: model("a") + model("b") });
  const after = await load({ toml: model("a") + model("c") + model("d") });
  const { loaded, changed, restart } = planReload(before, after);
  assert.deepEqual(changed, ["models[1].id", "models[2].id", "models[2].api"]);
  assert.deepEqual(restart, []);
  assert.equal(loaded.settings.models.length, 3);
});
