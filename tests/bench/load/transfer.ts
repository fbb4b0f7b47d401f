import type { Target } from "../contenders/contender.ts";

const decoder = new TextDecoder("latin1");
const READ_SIZE = 1024 * 1024;

/**
 * Sends one request on a plain connection of its own and reads all of the response.
 *
 * @param body sent with its length
 * @param atLeast bytes that the response's body must have
 * @throws {Error} when the response is no success or ends too soon
 */
export async function transfer(target: Target, body: Uint8Array, atLeast: number): Promise<void> {
  const { hostname, port, host } = new URL(target.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const headers = { ...target.headers, host, "content-length": `${body.length}` };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${target.path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  await writeAll(connection, new TextEncoder().encode(head));
  await writeAll(connection, body);
  await readResponse(connection, atLeast);
}

async function readResponse(connection: Deno.Conn, atLeast: number): Promise<void> {
  const buffer = new Uint8Array(READ_SIZE);
  let text = "";
  let received = 0;
  while (received < atLeast || !text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`The response ended after ${received} bytes: ${text}`);
    if (!text.includes("\r\n\r\n")) {
      text += decoder.decode(buffer.subarray(0, Math.min(count, 4096)));
    }
    if (!/^HTTP\/1\.1 200/.test(text)) throw new Error(`Expected status 200, got ${text}`);
    received += count;
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
