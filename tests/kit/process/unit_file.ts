/**
 * The settings of a systemd unit file, in order, by `Section.Key`; a key may be given more than once.
 * Comments are dropped and continuation lines joined.
 */
export function readUnitFile(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  let section = "";
  for (const line of text.replaceAll(/\\\n\s*/g, "").split("\n")) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    else {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key === undefined || value === undefined) {
        throw new Deno.errors.InvalidData(
          `Cannot read ${JSON.stringify(line)}: expected Key=value`,
        );
      }
      const name = `${section}.${key}`;
      settings.set(name, [...settings.get(name) ?? [], value]);
    }
  }
  return settings;
}
