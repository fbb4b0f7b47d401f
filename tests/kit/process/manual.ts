import { fileURLToPath } from "node:url";

/** A fenced block of README.md or of a page in docs/. */
export interface ManualBlock {
  /** The heading it stands under. */
  readonly heading: string;
  /** What follows the fence: `bash`, `toml`. */
  readonly language: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Every fenced block that a reader of the manual finds, page by page. */
export async function manualBlocks(): Promise<ManualBlock[]> {
  const pages = [...Deno.readDirSync(`${ROOT}/docs`)].map(({ name }) => `docs/${name}`);
  const texts = await Promise.all(
    ["README.md", ...pages.filter((page) => page.endsWith(".md")).sort()]
      .map((page) => Deno.readTextFile(`${ROOT}/${page}`)),
  );
  return texts.flatMap(blocksOf);
}

/**
 * The one block of shell commands that holds a text: what a reader copies.
 *
 * @throws {Error} when none does, or several do
 */
export async function shellRecipe(holds: string): Promise<string> {
  const blocks = await manualBlocks();
  const found = blocks.filter(({ language, text }) => language === "bash" && text.includes(holds));
  if (found.length === 1) return found[0]!.text;
  throw new Error(`Expected one block of commands with "${holds}", found ${found.length}`);
}

/**
 * Copies what a start needs of the repository, so that a recipe can write beside it.
 *
 * @param target a directory, made where it is missing
 */
export async function copyProgram(target: string): Promise<void> {
  const names = ["main.ts", "deno.json", "deno.lock", "config.example.toml", "src"];
  await Deno.mkdir(target, { recursive: true });
  const args = ["-r", ...names.map((name) => `${ROOT}/${name}`), target];
  const { success } = await new Deno.Command("cp", { args }).output();
  if (!success) throw new Error(`Cannot copy the program to ${target}`);
}

function blocksOf(page: string): ManualBlock[] {
  const blocks: ManualBlock[] = [];
  let heading = "";
  for (const [, title, language, text] of page.matchAll(/^#+ (.*)$|^```(\w*)\n([^]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else blocks.push({ heading, language: language ?? "", text: text ?? "" });
  }
  return blocks;
}
