import { fileURLToPath } from "node:url";

const ROOT = new URL("../../../", import.meta.url);

/** What each of our files imports of ours, types and dynamic imports too. Paths are from the root. */
export type ModuleGraph = ReadonlyMap<string, readonly string[]>;

/** The part of `deno info --json` that is read. */
interface DenoInfo {
  readonly modules: readonly { readonly specifier: string; readonly dependencies?: Dependency[] }[];
}

/** An import: of a value, of types, or of both. */
interface Dependency {
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

/** Everything of ours that these files load, or would load. */
export async function moduleGraph(...entries: string[]): Promise<ModuleGraph> {
  const graphs = await Promise.all(entries.map(graphOf));
  return new Map(graphs.flatMap((graph) => [...graph]));
}

async function graphOf(entry: string): Promise<ModuleGraph> {
  const { modules } = await denoInfo(entry);
  return new Map(modules.flatMap(({ specifier, dependencies = [] }) => {
    const imports = dependencies.flatMap(({ code, type }) => [code?.specifier, type?.specifier]);
    return pathsOf([specifier]).map((path) => [path, pathsOf(imports)] as const);
  }));
}

async function denoInfo(entry: string): Promise<DenoInfo> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: fileURLToPath(ROOT),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function pathsOf(specifiers: readonly (string | undefined)[]): string[] {
  const ours = specifiers.filter((specifier) => specifier?.startsWith(ROOT.href));
  return [...new Set(ours.map((specifier) => specifier!.slice(ROOT.href.length)))];
}

/**
 * A way from a file back to itself.
 *
 * @returns the files of one cycle, the first again at its end; undefined when there is none
 */
export function findCycle(graph: ModuleGraph): readonly string[] | undefined {
  const finished = new Set<string>();
  const search = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = search(next, [...way, path]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  return graph.keys().map((path) => search(path, [])).find((cycle) => cycle !== undefined);
}
