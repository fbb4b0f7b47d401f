/**
 * The least that relays requests on Deno, for the floor of this proxy's own design: it checks no key,
 * logs nothing and swaps one header. `bare_deno_server.ts PORT UPSTREAM_URL`.
 *
 * @module
 */
import { UPSTREAM_KEY } from "./contender.ts";

const [port, upstreamUrl = ""] = Deno.args;
const client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 4096 });
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, async (request) => {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.set("x-api-key", UPSTREAM_KEY);
  const { method, body } = request;
  const upstream = await fetch(upstreamUrl + pathname + search, { method, headers, body, client });
  return new Response(upstream.body, { status: upstream.status, headers: upstream.headers });
});
