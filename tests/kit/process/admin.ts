import type { ProxyProcess } from "./proxy_process.ts";

/** The URL of the admin listener, as the program names it in its log. */
export async function adminUrl(proxy: ProxyProcess): Promise<string> {
  const [, url = ""] = await proxy.waitForLine(/status page on (http:\/\/[^\s"]+)/);
  return url;
}

/** The values of one metric by their labels, as `/metrics` gives them. */
export async function metric(admin: string, name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const samples = text.matchAll(/^(\w+)(\{.*\})? (\S+)$/gm);
  return new Map(
    samples.filter(([, found]) => found === name)
      .map(([, , labels = "", value]): [string, number] => [labels, Number(value)]),
  );
}

/** Asks again and again until a metric is as expected: it is fed a moment after a request. */
export async function untilMetric(
  admin: string,
  name: string,
  isExpected: (values: ReadonlyMap<string, number>) => boolean,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const values = await metric(admin, name);
    if (isExpected(values)) return;
    if (performance.now() > deadline) throw new Error(`${name} is ${JSON.stringify([...values])}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}
