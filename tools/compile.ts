/**
 * `deno task compile [target…]`: programs that need no Deno, one for each platform.
 *
 * Their permissions are the set `compiled` of `deno.json`, or `compiled-windows`, where `cmd` is what
 * runs `az`. They cannot be changed when the program
 * starts, so they are what all settings together can need, and they name no relative path: Deno
 * would resolve it against the directory of the build. The request workers get their own, far
 * smaller ones, as under `deno run`; their module comes out of the program and needs none to be
 * read.
 *
 * `--no-prompt`: a permission that is missing is an error, never a question.
 * `--no-code-cache`: the cache would be a file of a known name in the directory for temporary files,
 * which another user of the machine could put there first.
 * `--exclude-unused-npm`: or the packages that only tests use would be in it, 46 MB instead of 3.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The platforms Deno can make programs for that we release for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

const FLAGS = ["--no-prompt", "--no-code-cache", "--exclude-unused-npm", "--frozen"];
const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

/**
 * Compiles the program for a target.
 *
 * @param directory where it goes, as `claude-proxy-<target>`
 * @param base what to put the program behind, instead of the base binary that Deno downloads once
 * @returns its path, and whether Deno succeeded; what Deno has to say goes to our own outputs
 */
export async function compile(
  target: string,
  directory: string,
  base?: string,
): Promise<{ file: string; success: boolean }> {
  const name = `claude-proxy-${target}${target.includes("windows") ? ".exe" : ""}`;
  const file = join(directory, name);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      `-P=${permissionSet(target)}`,
      ...FLAGS,
      "--target",
      target,
      "--output",
      file,
      "main.ts",
    ],
    cwd: REPOSITORY,
    env: base === undefined ? {} : { DENORT_BIN: base },
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  return { file, success };
}

/** The set of permissions in `deno.json` that a target's program is given. */
export function permissionSet(target: string): "compiled" | "compiled-windows" {
  return target.includes("windows") ? "compiled-windows" : "compiled";
}

async function compileAll(targets: string[]): Promise<number> {
  const unknown = targets.filter((target) => !TARGETS.includes(target));
  if (unknown.length > 0) {
    console.error(`Unknown target ${unknown.join(", ")}: expected ${TARGETS.join(", ")}`);
    return 2;
  }
  for (const target of targets) {
    const { file, success } = await compile(target, join(REPOSITORY, "dist"));
    if (!success) return 1;
    console.log(file);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await compileAll(Deno.args.length > 0 ? Deno.args : TARGETS));
