import type { DifferenceClass } from "./classes.ts";
import { REFUSALS } from "./refusals.ts";
import { REQUEST_REWRITINGS } from "./request_rewritings.ts";
import { RESPONSE_REWRITINGS } from "./response_rewritings.ts";

/** Where the classes can be read. */
export const DOCUMENT = new URL("../DIFFERENTIAL.md", import.meta.url);

/** Every class, as text. */
export function documentation(): string {
  return `# Beside nginx

\`differential_test.ts\` sends the same generated requests through the proxy and through Debian's
nginx, told to change as little as it can (\`differential/nginx_config.ts\`), both in front of the same
raw upstream. Whatever is not the same, there or at the client, falls into one of these classes, and
each of them occurs; anything else fails the test. This file is written by
\`deno run -A tests/wire/differential/documentation.ts\` and \`deno fmt\`.

## One of them refuses

${table(REFUSALS)}

## What the upstream sees

${table(REQUEST_REWRITINGS)}

## What the client sees

${table(RESPONSE_REWRITINGS)}
`;
}

function table(classes: readonly DifferenceClass[]): string {
  return classes.map(({ name, why }) => `- **${name}**: ${why}`).join("\n");
}

if (import.meta.main) await Deno.writeTextFile(DOCUMENT, documentation());
