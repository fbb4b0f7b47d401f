import assert from "node:assert/strict";
import { whyUnreadable } from "../../../src/permissions/unreadable.ts";

/** What reading a file fails with. */
function failure(path: string): unknown {
  try {
    return assert.fail(`${path} was read: ${Deno.readTextFileSync(path)}`);
  } catch (error) {
    return error;
  }
}

Deno.test("a file that is not there, and one that is none", () => {
  assert.equal(whyUnreadable("/none", failure("/none/such")), "does not exist");
  assert.match(whyUnreadable("/", failure("/")), /^cannot be read \(.*directory/i);
});

Deno.test({
  name: "a file that needs a permission is named with the flag",
  permissions: { read: false },
  fn: () => {
    const why = whyUnreadable("/etc/hosts", failure("/etc/hosts"));
    assert.equal(why, "needs the permission --allow-read=/etc/hosts");
  },
});

Deno.test("a file that the system denies", () => {
  const error = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assert.equal(whyUnreadable("/secret", error), "this user may not read it");
});
