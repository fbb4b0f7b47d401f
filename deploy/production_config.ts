/**
 * Takes the imports that only tests use out of the `deno.json` in the current directory: Deno
 * installs every package that is named there, whether the program leads to it or not.
 */
import { join } from "node:path";

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
  Object.entries(config.imports).filter(([name]) => isUsed(name)),
);
await Deno.writeTextFile("deno.json", JSON.stringify(config, undefined, 2));

async function collect(directory: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory) await collect(path);
    else sources.push(await Deno.readTextFile(path));
  }
}
