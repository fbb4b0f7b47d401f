import assert from "node:assert/strict";
import { missingPermissions } from "../../../src/permissions/granted.ts";
import { NO_PERMISSIONS } from "../../../src/permissions/needs.ts";

Deno.test("what is granted is not missing, and a program that is not there is no permission's matter", () => {
  const needs = { ...NO_PERMISSIONS, net: ["a:1"], env: ["B"], ignoreEnv: true, run: ["no-such"] };
  assert.deepEqual(missingPermissions(needs), NO_PERMISSIONS);
});
