/** Where a setting's value came from. */
export type Source =
  | { readonly from: "flag"; readonly flag: string }
  | { readonly from: "variable"; readonly variable: string }
  | { readonly from: "file"; readonly file: string; readonly line: number }
  | { readonly from: "default" };

/** The source as an operator would name it: `--port`, `CLAUDE_PROXY__PORT`, `config.toml:3`. */
export function formatSource(source: Source): string {
  switch (source.from) {
    case "flag":
      return source.flag;
    case "variable":
      return source.variable;
    case "file":
      return `${source.file}:${source.line}`;
    case "default":
      return "default";
  }
}
