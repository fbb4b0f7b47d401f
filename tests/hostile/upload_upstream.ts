/**
 * The upstream that uploads go to, a process of its own: it takes a body without a length at the rate
 * that the path names in bytes a second (`/at/2000000`), else as fast as it comes, and says how many
 * bytes there were. One with a length it sends back. It prints its port.
 *
 * It is no `Deno.serve`, which would suffer from chunks itself.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

const server = createServer(async (request, response) => {
  try {
    if (request.headers["content-length"] !== undefined) {
      response.end(await buffer(request));
      return;
    }
    const [, , rate = "Infinity"] = request.url?.split("/") ?? [];
    const bytes = await taken(request, Number(rate));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "file-1", bytes }));
  } catch {
    response.destroy(); // A client that has gone.
  }
});

async function taken(request: IncomingMessage, rate: number): Promise<number> {
  const began = performance.now();
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    const ahead = 1000 * bytes / rate - (performance.now() - began);
    if (ahead > 1) await new Promise((later) => setTimeout(later, ahead));
  }
  return bytes;
}

server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
