/** Exits with 0 where a GET of the URL it is given is answered with 200, for images without curl. */
const response = await fetch(Deno.args[0] ?? "").catch(() => undefined);
Deno.exit(response?.status === 200 ? 0 : 1);
