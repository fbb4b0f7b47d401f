import assert from "node:assert/strict";
import { PROXY_VARIABLES } from "../../../src/net/forward_proxy.ts";
import { type ProxyOptions, ProxyProcess } from "./proxy_process.ts";

/** What `permissions` prints for some settings, asked with every permission: flags. */
export async function printedPermissions(options: ProxyOptions): Promise<string[]> {
  return (await printedBy("permissions", options)).split(" ");
}

/** The same as a permission set of a deno.json. */
export async function printedSet(options: ProxyOptions): Promise<Record<string, string[]>> {
  return JSON.parse(await printedBy("permissions --json", options));
}

/**
 * Whether a start only looks for something, and can do without: a variable, or a file in one of the
 * usual places, the home directory being what {@linkcode ProxyProcess} makes it.
 *
 * @param flag the flag that allows it, without its values
 */
export function isLookedFor(flag: string, value: string): boolean {
  const variables: readonly string[] = ["CLAUDE_PROXY_*", "HOME", ...PROXY_VARIABLES];
  return flag === "--allow-env"
    ? variables.includes(value)
    : flag === "--allow-read" && /^(config\.toml|\/nonexistent\/.*\.toml)$/.test(value);
}

/** The flags without what a start only looks for. */
export function neededAlone(flags: readonly string[]): string[] {
  return flags.flatMap((each) => {
    const [flag = "", list] = each.split("=");
    if (list === undefined) return [each];
    const needed = list.split(",").filter((value) => !isLookedFor(flag, value));
    return needed.length === 0 ? [] : [`${flag}=${needed.join(",")}`];
  });
}

async function printedBy(command: string, options: ProxyOptions): Promise<string> {
  await using program = await ProxyProcess.spawn({
    ...options,
    permissions: ["-A"],
    args: [...options.args ?? [], ...command.split(" ")],
  });
  assert.equal(await program.exit(), 0, program.stderr.join("\n"));
  return program.stdout.join("\n");
}
