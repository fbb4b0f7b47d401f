import type { ProxyProcess } from "./proxy_process.ts";
import { formatRequest, RawClient } from "../http1/raw_client.ts";

/** A connection that the given worker, counted from 1, has accepted, as the access log tells. */
export async function connectionTo(worker: string, proxy: ProxyProcess): Promise<RawClient> {
  for (;;) {
    const target = `/attempt/${crypto.randomUUID()}`;
    const client = await RawClient.connect({ port: proxy.port });
    await client.write(formatRequest({ target }));
    await client.readResponse();
    const line = new RegExp(`(?=.*path=${target}\\b).*worker=(\\d+)`);
    if ((await proxy.waitForLine(line))[1] === worker) return client;
    client.close();
  }
}
