/**
 * Writes what is generated from the settings schema: `config.example.toml`, and the tables of
 * README.md if there is one.
 *
 * `deno run --allow-read=. --allow-write=config.example.toml,README.md tools/settings/generate.ts`
 *
 * @module
 */

import { exampleToml } from "./example.ts";
import { withTables } from "./readme_tables.ts";

const EXAMPLE = new URL("../../config.example.toml", import.meta.url);
const README = new URL("../../README.md", import.meta.url);

async function generate(): Promise<void> {
  await Deno.writeTextFile(EXAMPLE, exampleToml());
  const readme = await readIfThere(README);
  if (readme !== undefined) await Deno.writeTextFile(README, withTables(readme));
}

async function readIfThere(url: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) await generate();
