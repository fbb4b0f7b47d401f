import assert from "node:assert/strict";
import { ClientBacklog } from "../../../../src/proxy/websocket/client_backlog.ts";

const KIBIBYTE = 1024;

function sent(backlog: ClientBacklog, count: number, data: string): void {
  for (let index = 0; index < count; index++) backlog.sent(data);
}

Deno.test("a message that waits counts a kibibyte besides its bytes, until nothing is buffered", () => {
  const backlog = new ClientBacklog();
  sent(backlog, 10, "abc");
  assert.equal(backlog.cost(30, 0), 30 + 10 * KIBIBYTE);
  assert.equal(backlog.cost(12, 0), 12 + 10 * KIBIBYTE);
  assert.equal(backlog.cost(0, 0), 0);
  sent(backlog, 1, "abc");
  assert.equal(backlog.cost(3, 0), 3 + KIBIBYTE);
});

Deno.test("empty messages count until one with content has left after them", () => {
  const backlog = new ClientBacklog();
  sent(backlog, 2, "abc");
  sent(backlog, 5, "");
  assert.equal(backlog.cost(0, 0), 5 * KIBIBYTE);
  sent(backlog, 1, "abc");
  assert.equal(backlog.cost(3, 0), 3 + 6 * KIBIBYTE);
  assert.equal(backlog.cost(0, 0), 0);
});

Deno.test("a hundred empty messages a second are taken for read", () => {
  const backlog = new ClientBacklog();
  sent(backlog, 250, "");
  assert.equal(backlog.cost(0, 0), 250 * KIBIBYTE);
  assert.equal(backlog.cost(0, 1000), 150 * KIBIBYTE);
  assert.equal(backlog.cost(0, 3000), 0);
  sent(backlog, 1, "");
  assert.equal(backlog.cost(0, 3000), KIBIBYTE);
});
