import * as v from "valibot";

/** What a turn of a conversation holds in any dialect: a string, or typed parts. */
export const Content = v.nullish(
  v.union([
    v.string(),
    v.array(
      v.looseObject({
        type: v.optional(v.string()),
        text: v.optional(v.string()),
        content: v.optional(v.unknown()),
      }),
    ),
  ]),
);

/** The last text in a turn's content, or the empty string. */
export function textOf(content: unknown): string {
  const parsed = v.safeParse(Content, content);
  if (!parsed.success || parsed.output == null) return "";
  if (typeof parsed.output === "string") return parsed.output;
  return parsed.output.findLast(({ text }) => text !== undefined)?.text ?? "";
}

/** OpenAI's words for how freely the model may choose among the tools. */
export const ToolMode = v.picklist(["auto", "required", "none"]);

/** A guess at how many tokens a request body is. */
export function tokensOf(body: unknown): number {
  return Math.ceil(JSON.stringify(body).length / 4);
}
