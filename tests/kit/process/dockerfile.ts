/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What follows the name, continuation lines joined. */
  readonly text: string;
  /** The words of the exec form, `["program", "argument"]`, where it is used. */
  readonly words: readonly string[] | undefined;
}

/** What lies between one `FROM` and the next. */
export interface Stage {
  /** The image it starts from. */
  readonly from: string;
  /** The name given with `AS`. */
  readonly name: string | undefined;
  /** The platform it is run on. @default {the one the image is for} */
  readonly platform: string | undefined;
  readonly instructions: readonly Instruction[];
}

/**
 * Reads the stages of a Dockerfile, strictly enough that a slip in one of ours is noticed.
 *
 * @throws {Deno.errors.InvalidData} On an unknown instruction or a malformed exec form.
 */
export function readDockerfile(text: string): Stage[] {
  const lines = text.split("\n").filter((line) => !/^\s*(#|$)/.test(line)).join("\n");
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines.replaceAll(/\\\n\s*/g, "").split("\n")) {
    const instruction = readInstruction(line);
    if (instruction.name === "FROM") {
      const [, platform, from = "", name] = STAGE.exec(instruction.text) ?? [];
      if (from === "") throw malformed(line);
      stages.push({ from, name, platform, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw malformed(line);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

const STAGE = /^(?:--platform=(\S+) )?([^-\s]\S*)(?: AS (\S+))?$/;
const KNOWN = /^(FROM|COPY|RUN|ENV|WORKDIR|USER|EXPOSE|ENTRYPOINT|HEALTHCHECK|CMD|ARG|LABEL) (.+)$/;

function readInstruction(line: string): Instruction {
  const [, name, text] = KNOWN.exec(line) ?? [];
  if (name === undefined || text === undefined) throw malformed(line);
  const exec = /(?:^|CMD )(\[.*)$/.exec(text)?.[1];
  if (exec === undefined) return { name, text, words: undefined };
  try {
    return { name, text, words: JSON.parse(exec) };
  } catch {
    throw malformed(line);
  }
}

function malformed(line: string): Error {
  return new Deno.errors.InvalidData(`Cannot read the Dockerfile's line ${JSON.stringify(line)}`);
}
