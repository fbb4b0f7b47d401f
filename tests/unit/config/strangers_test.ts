import assert from "node:assert/strict";
import { startNotes } from "../../../src/supervisor/start_notes.ts";
import { load, onlyComplaint } from "./loading.ts";

const CERTIFICATE = 'upstream_client_cert_path = "c.pem"\nupstream_client_key_path = "k.pem"';

Deno.test("a client certificate is refused where strangers would be let through with it", async () => {
  for (const policy of ["", 'unauthenticated = "passthrough"\n']) {
    const complaint = await onlyComplaint({ toml: policy + CERTIFICATE });
    assert.equal(
      complaint,
      `config.toml:${policy ? 2 : 1}: upstream_client_cert_path: ` +
        'expected unauthenticated = "reject" beside it: with "passthrough" strangers are let ' +
        "through to the upstream, which would take them for us by this certificate",
    );
  }
  const flags = { upstream_client_cert_path: "c.pem", unauthenticated: "passthrough" };
  assert.match(await onlyComplaint({ flags }), /^--upstream-client-cert-path: expected unauth/);
});

Deno.test("a client certificate is taken where strangers are refused", async () => {
  const { settings } = await load({ toml: `unauthenticated = "reject"\n${CERTIFICATE}` });
  assert.equal(settings.upstream_client_cert_path, "c.pem");
});

Deno.test("the operator is told in one line that strangers are let through, and of nothing else", async () => {
  const through = /^strangers are let through to the upstream, without our credentials/;
  for (const world of [{}, { flags: { unauthenticated: "passthrough" } }]) {
    const notes = startNotes(await load(world));
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", through);
  }
  assert.deepEqual(startNotes(await load({ flags: { unauthenticated: "reject" } })), []);
});
