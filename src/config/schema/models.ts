import { oneOf, text } from "./kinds/scalar.ts";
import type { Section } from "./setting.ts";

/** Models that the proxy itself lists, for an upstream that has no list or another one. */
export const models = {
  name: "models",
  title: "Models list",
  doc:
    "One table for each model that GET …/v1/models is to answer with, for clients that present " +
    "the key. Without any, and for an API without any, the request goes to the upstream.",
  list: true,
  unique: ["id", "api"],
  request: true,
  onReload: "change",
  settings: [
    {
      key: "id",
      kind: text("expected a model's name, such as claude-sonnet-5-5"),
      required: true,
      doc: "Name that clients send as model: with Foundry, the name of the deployment.",
      example: "claude-sonnet-5-5",
    },
    {
      key: "display_name",
      kind: text(),
      absent: "the id",
      doc: "Name that clients show. OpenAI's API has no place for it.",
      example: "Claude Sonnet 5.5",
    },
    {
      key: "api",
      kind: oneOf(["anthropic", "openai"]),
      required: true,
      doc: "API whose clients are shown the model.",
      example: "anthropic",
    },
  ],
} as const satisfies Section;
