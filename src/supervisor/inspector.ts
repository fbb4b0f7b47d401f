import process from "node:process";
import { log } from "../logging/logger.ts";
import { writeAll } from "../net/write_all.ts";

/** Milliseconds that an inspector may take to answer. */
const TIMEOUT = 1000;
const LIST = new TextEncoder().encode("GET /json/list HTTP/1.0\r\nHost: localhost\r\n\r\n");

/**
 * Warns where this process was started with `--inspect`: whoever reaches V8's inspector, as every
 * user of the machine does on loopback, can read each key in memory. It is asked at its port, because
 * the module that knows of it takes a permission which no other code of ours needs.
 */
export async function warnOfInspector(): Promise<void> {
  const listing = await listingAt(process.debugPort).catch(() => "");
  if (!listing.includes(`[pid: ${Deno.pid}]`)) return; // Nothing listens, or another process.
  const warning = "whoever reaches V8's inspector can read every key: start without --inspect";
  log.warn(warning, { address: `127.0.0.1:${process.debugPort}` });
}

/** What the inspector at a port of loopback says of the programs in it; nothing where we may not ask. */
async function listingAt(port: number): Promise<string> {
  const hostname = "127.0.0.1";
  const { state } = Deno.permissions.querySync({ name: "net", host: `${hostname}:${port}` });
  if (state !== "granted") return "";
  const connection = await Deno.connect({ hostname, port });
  const timer = setTimeout(() => connection.close(), TIMEOUT);
  try {
    await writeAll(connection, LIST);
    return await new Response(connection.readable).text();
  } finally {
    clearTimeout(timer);
  }
}
