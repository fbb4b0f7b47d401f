/** What `deno compile` has put behind the base binary. */
export interface CompiledProgram {
  readonly metadata: CompiledMetadata;
  /** The files it carries, by their path below the common root, as they were on disk. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The part of Deno's own record that tests look at. */
export interface CompiledMetadata {
  readonly entrypoint_key: string;
  readonly code_cache_key: number | null;
  readonly permissions: Readonly<Record<string, readonly string[] | boolean | null>>;
  readonly unstable_config: { readonly features: readonly string[] };
}

/** An entry of the tree of files; `o` is a file's offset and length. */
type Entry =
  | { Dir: { n: string; e: Entry[] } }
  | { File: { n: string; o: [offset: number, length: number] } }
  | { Symlink: { n: string } };

/** The name of the section, and what its contents begin with. */
const SECTION = new TextEncoder().encode("d3n0l4ndd3n0l4nd");
const TREE = new TextEncoder().encode(`[{"Dir":{`);

/**
 * Reads what Deno 2.9 writes: the magic word, then parts with their length in front (64 bits,
 * little-endian), of which we want the first, JSON, and the last two, a tree in JSON and the bytes
 * of its files.
 *
 * @throws {Deno.errors.InvalidData} When there is no such section.
 */
export function readCompiledProgram(program: Uint8Array): CompiledProgram {
  const metadata = part(program, find(program, SECTION, 0) + SECTION.length);
  const tree = part(program, find(program, TREE, metadata.end) - 8);
  const contents = part(program, tree.end);
  const files = new Map<string, Uint8Array>();
  collect(JSON.parse(text(tree.bytes)), "", (path, [offset, length]) => {
    files.set(path, contents.bytes.subarray(offset, offset + length));
  });
  return { metadata: JSON.parse(text(metadata.bytes)), files };
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  throw new Deno.errors.InvalidData(`Expected "${text(wanted)}" in a compiled program`);
}

function part(program: Uint8Array, at: number): { bytes: Uint8Array; end: number } {
  const view = new DataView(program.buffer, program.byteOffset);
  const end = at + 8 + Number(view.getBigUint64(at, true));
  return { bytes: program.subarray(at + 8, end), end };
}

function collect(
  entries: readonly Entry[],
  directory: string,
  found: (path: string, place: [number, number]) => void,
): void {
  for (const entry of entries) {
    if ("Dir" in entry) collect(entry.Dir.e, `${directory}${entry.Dir.n}/`, found);
    if ("File" in entry) found(`${directory}${entry.File.n}`, entry.File.o);
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
