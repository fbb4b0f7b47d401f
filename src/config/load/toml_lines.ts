import { parse } from "smol-toml";
import type { Keys } from "../schema/toml_value.ts";

/** Lines on which the keys of a TOML document first stand, counted from 1. */
export interface TomlLines {
  /** Line of a key. */
  lineOf(keys: Keys): number | undefined;
}

/**
 * Finds where each key of a document stands; smol-toml, which reads the values, does not
 * tell. The document must be one that smol-toml accepts: here nothing is checked again.
 *
 * `toml-eslint-parser`, which tells both, would save 120 lines. A start took 3 ms more with it, a string
 * that is never closed was reported at the end of the file, a table's header at the line behind it,
 * and large integers were rounded in silence.
 */
export function locateKeys(toml: string): TomlLines {
  const lines = new Scanner(toml).scan();
  return { lineOf: (keys) => lines.get(JSON.stringify(keys)) };
}

type Path = (string | number)[];

const BLANK = /(?:[\s\uFEFF]|#[^\n]*)*/y;
const SPACES = /[ \t]*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const STRING =
  /"""(?:\\[\s\S]|[^\\])*?"""(?:"{1,2}(?!"))?|'''[\s\S]*?'''(?:'{1,2}(?!'))?|"(?:\\.|[^"\\])*"|'[^']*'/y;
const OTHER_VALUE = /[^,\]}\n#]*/y;

class Scanner {
  readonly #toml: string;
  readonly #lines = new Map<string, number>();
  readonly #arrayLengths = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(toml: string) {
    this.#toml = toml;
  }

  scan(): Map<string, number> {
    let table: Path = [];
    for (this.#take(BLANK); this.#at < this.#toml.length; this.#take(BLANK)) {
      if (this.#peek() === "[") table = this.#header();
      else this.#pair(table);
    }
    return this.#lines;
  }

  #header(): Path {
    const array = this.#toml.startsWith("[[", this.#at);
    this.#skip(array ? 2 : 1);
    const path = this.#inLastElements(this.#key(), array);
    this.#skip(array ? 2 : 1);
    return path;
  }

  /** `[a.b]` under `[[a]]` belongs to the last element of `a`; `[[a]]` begins another. */
  #inLastElements(keys: Path, begins: boolean): Path {
    const path: Path = [];
    keys.forEach((key, index) => {
      path.push(key);
      this.#mark(path);
      const id = JSON.stringify(path);
      const length = this.#arrayLengths.get(id) ?? 0;
      if (begins && index === keys.length - 1) {
        this.#arrayLengths.set(id, length + 1);
        path.push(length);
        this.#mark(path);
      } else if (length > 0) path.push(length - 1);
    });
    return path;
  }

  #pair(table: Path): void {
    const path = [...table];
    for (const key of this.#key()) {
      path.push(key);
      this.#mark(path);
    }
    this.#skip(1); // the equals sign
    this.#value(path);
  }

  #key(): Path {
    const keys: Path = [];
    do {
      this.#take(SPACES);
      const quoted = this.#take(STRING);
      keys.push(quoted === "" ? this.#take(BARE_KEY) : unquote(quoted));
      this.#take(SPACES);
    } while (this.#peek() === "." && this.#skip(1));
    return keys;
  }

  #value(path: Path): void {
    this.#take(SPACES);
    if (this.#peek() === "[") this.#array(path);
    else if (this.#peek() === "{") this.#inlineTable(path);
    else if (this.#take(STRING) === "") this.#take(OTHER_VALUE);
  }

  #array(path: Path): void {
    let index = 0;
    this.#items("]", () => {
      const element = [...path, index++];
      this.#mark(element);
      this.#value(element);
    });
  }

  #inlineTable(path: Path): void {
    this.#items("}", () => this.#pair(path));
  }

  #items(end: string, item: () => void): void {
    this.#skip(1);
    for (this.#take(BLANK); this.#at < this.#toml.length; this.#take(BLANK)) {
      if (this.#peek() === end) break;
      if (this.#peek() === ",") this.#skip(1);
      else item();
    }
    this.#skip(1);
  }

  #mark(path: Path): void {
    const id = JSON.stringify(path);
    if (!this.#lines.has(id)) this.#lines.set(id, this.#line);
  }

  #peek(): string | undefined {
    return this.#toml[this.#at];
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#toml)?.[0] ?? "";
    this.#skip(found.length);
    return found;
  }

  #skip(length: number): true {
    const end = this.#at + length;
    for (; this.#at < end; this.#at++) if (this.#toml[this.#at] === "\n") this.#line++;
    return true;
  }
}

function unquote(key: string): string {
  return String(parse(`key = ${key}`)["key"]);
}
