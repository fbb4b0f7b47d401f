/** The rooms of `src/`, in the table's order, and for each those that it may import. */
export type ImportTable = ReadonlyMap<string, readonly string[]>;

const EVERYTHING_ABOVE = "everything above";
/** `| room | may import |`, the first in backquotes. */
const ROW = /^\| `([^`]+)` *\| *([^|]*?) *\|$/gm;

/** Reads the table of allowed imports out of `docs/architecture.md`. */
export function readImportTable(page: string): ImportTable {
  const table = new Map<string, readonly string[]>();
  for (const [, room = "", cell = ""] of page.matchAll(ROW)) {
    const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    table.set(room, cell === EVERYTHING_ABOVE ? [...table.keys()] : named);
  }
  return table;
}

/** The innermost room that a file of `src/` stands in, or undefined where the table has none. */
export function roomOf(path: string, table: ImportTable): string | undefined {
  return table.keys()
    .filter((room) => path.startsWith(`src/${room}/`))
    .reduce<string | undefined>(
      (a, b) => a === undefined || b.length > a.length ? b : a,
      undefined,
    );
}
