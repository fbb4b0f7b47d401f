import { styleText } from "node:util";

/** Where the demo writes for a person to read. */
export interface Screen {
  /** Writes text at once, without ending the line. */
  write(text: string): void;
  /** Writes a line. */
  line(text?: string): void;
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
}

/**
 * Makes a screen.
 *
 * @param write Takes each piece of text.
 * @param colours Whether to use ANSI colours. See {@link https://no-color.org}
 */
export function createScreen(write: (text: string) => void, colours: boolean): Screen {
  const paint = (style: Parameters<typeof styleText>[0]) => (text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  return {
    write,
    line: (text = "") => write(`${text}\n`),
    bold: paint("bold"),
    dim: paint("dim"),
    green: paint("green"),
    red: paint("red"),
  };
}

/** Standard output: in colour where it is a terminal and `NO_COLOR` is not set. */
export function terminalScreen(): Screen {
  const encoder = new TextEncoder();
  return createScreen((text) => {
    let left = encoder.encode(text);
    while (left.length > 0) left = left.subarray(Deno.stdout.writeSync(left));
  }, Deno.stdout.isTerminal() && !Deno.noColor);
}
