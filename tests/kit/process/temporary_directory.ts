/**
 * A directory of the test's own, removed with all that is in it at the end.
 *
 * @example
 * ```ts
 * using directory = new TemporaryDirectory();
 * await Deno.writeTextFile(directory.join("config.toml"), "port = 0");
 * ```
 */
export class TemporaryDirectory {
  /** Its path. */
  readonly path: string = Deno.makeTempDirSync();

  /** The path of something in it. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Names of what is in it, in order. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** The text of a file in it. */
  read(name: string): string {
    return Deno.readTextFileSync(this.join(name));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
