import assert from "node:assert/strict";
import { StartError } from "../../../src/config/load/start_error.ts";
import { oneOf, text } from "../../../src/config/schema/kinds/scalar.ts";
import { loadSections } from "../../../src/config/load/load.ts";
import { optional, type Section, type Setting } from "../../../src/config/schema/setting.ts";
import { ioOf, type World } from "./loading.ts";

const id = {
  key: "client_id",
  flag: "--client-id <ID>",
  kind: text(),
  required: true,
  doc: "Who asks.",
  example: "a",
} as const satisfies Setting;

const scope = {
  key: "scope",
  kind: text(),
  default: "all",
  doc: "For what.",
  example: "all",
} as const satisfies Setting;

const SECTIONS = [{
  name: "auth",
  title: "Auth",
  onReload: "change",
  settings: [{
    key: "type",
    kind: oneOf(["first", "second"]),
    required: true,
    doc: "Which way.",
    example: "first",
  }],
  variants: { by: "type", of: { first: [id, scope], second: [optional(id)] } },
}] as const satisfies readonly Section[];

Deno.test("each variant has its own keys, and shares rows with others", async () => {
  assert.deepEqual(
    (await loadAuth('[auth]\ntype = "first"\nclient_id = "me"')).settings.auth,
    { type: "first", client_id: "me", scope: "all" },
  );
  assert.deepEqual(
    (await loadAuth('[auth]\ntype = "second"\nclient_id = "me"')).settings.auth,
    { type: "second", client_id: "me" },
  );
});

Deno.test("what one variant requires another can do without", async () => {
  assert.deepEqual((await loadAuth('auth.type = "second"')).settings.auth, { type: "second" });
  await assert.rejects(loadAuth('auth.type = "first"'), (error) => {
    assert.ok(error instanceof StartError);
    assert.match(
      error.message,
      /^auth\.client_id is not set \(type = "first" needs it\): give --cl/,
    );
    return true;
  });
});

Deno.test("what the chosen variant does not use is ignored with a note", async () => {
  const { settings, notes } = await loadAuth('[auth]\ntype = "second"\nscope = "${NOT_SET}"');
  assert.deepEqual(settings.auth, { type: "second" });
  assert.deepEqual(notes, [
    'config.toml:3: auth.scope: ignored, because type = "second" does not use it',
  ]);
});

Deno.test("an unknown variant lists the known ones and is the only complaint", async () => {
  await assert.rejects(loadAuth('auth.type = "frist"'), {
    message:
      'config.toml:1: auth.type: expected one of "first", "second", got "frist"; did you mean first?',
  });
});

function loadAuth(toml: string) {
  const world: World = { toml, env: {} };
  return loadSections(SECTIONS, { values: new Map() }, ioOf(world));
}
