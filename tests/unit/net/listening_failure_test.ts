import assert from "node:assert/strict";
import { listeningFailure } from "../../../src/net/listening_failure.ts";

const SETTINGS = { setting: "port", hostSetting: "bind_address" };

/** What is said of an address that cannot be listened on. */
function failure(hostname: string, port: number): string {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    return listeningFailure({ hostname, port, ...SETTINGS }, error);
  }
  throw new Error(`${hostname}:${port} can be listened on`);
}

Deno.test("an address that cannot be listened on is told with the setting that mends it", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  assert.equal(
    failure("127.0.0.1", port),
    `127.0.0.1:${port} is in use: stop what listens there, or set port`,
  );
  assert.equal(
    failure("2001:db8::1", 8080),
    "[2001:db8::1]:8080 is no address of this machine: set bind_address to one, or to 0.0.0.0",
  );
  assert.match(
    failure("nowhere.invalid", 8080),
    /cannot be looked up: set bind_address to an address/,
  );
});

Deno.test("a port below 1024 names the capability", () => {
  const error = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  const address = { hostname: "0.0.0.0", port: 443, ...SETTINGS };
  assert.match(
    listeningFailure(address, error),
    /^0\.0\.0\.0:443 is not allowed: .*CAP_NET_BIND_SERV/,
  );
  assert.match(
    listeningFailure({ ...address, port: 8080 }, error),
    /cannot be used: PermissionDenied/,
  );
});
