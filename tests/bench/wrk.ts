import { fileURLToPath } from "node:url";

const POST = fileURLToPath(new URL("./post.lua", import.meta.url));

/** What `wrk` measured. */
export interface Load {
  /** Responses a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Responses in all. */
  readonly count: number;
  /** Bytes received a second. */
  readonly bytes: number;
}

/** How hard `wrk` tries. */
export interface LoadOptions {
  readonly method: "GET" | "POST";
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Runs `wrk`, which keeps every connection busy with one request after another.
 *
 * @throws {Error} when a response was no success or a connection failed: such figures say nothing
 */
export async function wrk(url: string, options: LoadOptions): Promise<Load> {
  const { method, connections, seconds } = options;
  const { stdout } = await new Deno.Command("wrk", {
    args: [
      ...["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "--latency"],
      ...(method === "POST" ? ["-s", POST] : ["-H", "x-api-key: client-key"]),
      url,
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`wrk met failures:\n${text}`);
  return {
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    p50: milliseconds(/50%\s+([\d.]+\w+)/.exec(text)?.[1]),
    p99: milliseconds(/99%\s+([\d.]+\w+)/.exec(text)?.[1]),
    count: number(/(\d+) requests in/),
    bytes: bytes(/Transfer\/sec:\s+([\d.]+\w+)/.exec(text)?.[1]),
  };
}

/** `812.00us`, `1.23ms` or `1.02s`. */
function milliseconds(text = ""): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as "us" | "ms" | "s"];
}

/** `812.00B`, `1.23KB`, `1.02MB` or `1.02GB`. */
function bytes(text = ""): number {
  const [, value, unit] = /^([\d.]+)(\w?)B$/.exec(text) ?? [];
  return Number(value) * 1024 ** ["", "K", "M", "G"].indexOf(unit ?? "");
}
