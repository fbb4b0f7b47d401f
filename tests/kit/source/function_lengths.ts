/** A function or method that has a name of its own. */
export interface MeasuredFunction {
  /** `FILE:LINE`. */
  readonly place: string;
  /** Lines from its name to the end of its body. */
  readonly lines: number;
}

/**
 * Measures the declared functions, methods and accessors of a file with the parser of Deno's linter,
 * which tests alone may call. Arrow functions count as part of what they stand in.
 */
export function functionLengths(path: string, source: string): MeasuredFunction[] {
  const functions: MeasuredFunction[] = [];
  const measure = (node: Deno.lint.FunctionDeclaration | Deno.lint.FunctionExpression): void => {
    const [start] = node.type === "FunctionExpression" ? node.parent.range : node.range;
    const [, end] = node.range;
    const line = lineCount(source.slice(0, start));
    functions.push({ place: `${path}:${line}`, lines: lineCount(source.slice(start, end)) });
  };
  const rule = { create: () => ({ FunctionDeclaration: measure, FunctionExpression: measure }) };
  Deno.lint.runPlugin({ name: "measure", rules: { lengths: rule } }, path, source);
  return functions;
}

function lineCount(text: string): number {
  return text.split("\n").length;
}
