/**
 * Takes what only tests use out of the `deno.json` and the `deno.lock` in the current directory:
 * Deno installs every package that is named there, whether the program leads to it or not. What is
 * left of the lock file is as it was, so that `--frozen` holds the rest to it.
 */
import { join } from "node:path";

interface LockFile {
  specifiers: Record<string, string>;
  npm: Record<string, LockedPackage>;
  workspace: { dependencies: string[] };
}

interface LockedPackage {
  dependencies?: string[];
  optionalDependencies?: string[];
  optionalPeers?: string[];
}

const config = JSON.parse(await Deno.readTextFile("deno.json"));
const sources: string[] = [];
await collect("src");
const imported = new Set(
  sources.flatMap((text) => [...text.matchAll(/\b(?:from |import\()"([^"]+)"/g)])
    .map(([, specifier = ""]) => specifier),
);
const isUsed = (name: string) =>
  imported.has(name) || [...imported].some((specifier) => specifier.startsWith(`${name}/`));
config.imports = Object.fromEntries(
  Object.entries<string>(config.imports).filter(([name]) => isUsed(name)),
);
await Deno.writeTextFile("deno.json", JSON.stringify(config, undefined, 2));
const lock = pruned(
  JSON.parse(await Deno.readTextFile("deno.lock")),
  Object.values(config.imports),
);
await Deno.writeTextFile("deno.lock", `${JSON.stringify(lock, undefined, 2)}\n`);

async function collect(directory: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory) await collect(path);
    else sources.push(await Deno.readTextFile(path));
  }
}

/** A lock file with nothing but some packages and what they lead to. */
function pruned(lock: LockFile, packages: string[]): LockFile {
  const roots = packages.map((specifier) =>
    nameOf(specifier.replace("npm:", "")) + "@" + lock.specifiers[specifier]
  );
  const kept = new Set<string>();
  for (const queue = roots; queue.length > 0;) {
    const id = queue.pop()!;
    if (kept.has(id)) continue;
    kept.add(id);
    queue.push(...linksOf(lock.npm[id]!).map((link) => fullId(link, lock)));
  }
  const keep = <Value>(table: Record<string, Value>, isKept: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(table).filter(([key]) => isKept(key)));
  return {
    ...lock,
    specifiers: keep(lock.specifiers, (specifier) => packages.includes(specifier)),
    npm: keep(lock.npm, (id) => kept.has(id)),
    workspace: { dependencies: packages.toSorted() },
  };
}

function linksOf({ dependencies = [], optionalDependencies = [] }: LockedPackage): string[] {
  return [...dependencies, ...optionalDependencies];
}

/** A package that is locked in one version alone is named without it. */
function fullId(link: string, { npm }: LockFile): string {
  return link in npm ? link : Object.keys(npm).find((id) => nameOf(id) === link)!;
}

function nameOf(id: string): string {
  return id.slice(0, id.indexOf("@", 1));
}
