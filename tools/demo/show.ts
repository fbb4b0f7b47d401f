import { credentialsIn, masked } from "./credentials.ts";
import { replyTo } from "./reply.ts";
import type { Screen } from "./screen.ts";
import { answerPieces } from "./streamed_answer.ts";

/** Everything the show is played with. */
export interface Stage {
  screen: Screen;
  /** `http://127.0.0.1:PORT` of the proxy. */
  proxyUrl: string;
  clientKey: string;
  upstreamKey: string;
  /** Headers of every request that reached the upstream, oldest first. */
  upstreamSaw: Headers[];
  /** Ends the show early. */
  signal: AbortSignal;
}

/** A streaming request as a client would send it. */
interface Call {
  path: string;
  headers: Record<string, string>;
  body: { model: string; stream: true };
  question: string;
}

const CLAUDE_QUESTION = "Why do people put a proxy in front of a model?";
const OPENAI_QUESTION = "What changes in my request on its way to you?";

/** Columns of an answer before a new line is begun. */
const ANSWER_WIDTH = 64;

/**
 * Plays the show: two streamed answers, what became of their credentials, and
 * what a wrong key gets. Each step is checked, and a failed one does not stop the rest.
 *
 * @returns whether every step went as it should
 * @throws {DOMException} where the signal ended it
 */
export async function playShow(stage: Stage): Promise<boolean> {
  const claude: Call = {
    path: "/anthropic/v1/messages",
    headers: { "x-api-key": stage.clientKey, "anthropic-version": "2023-06-01" },
    body: claudeBody(CLAUDE_QUESTION),
    question: CLAUDE_QUESTION,
  };
  const openai: Call = {
    path: "/openai/v1/responses",
    headers: { authorization: `Bearer ${stage.clientKey}` },
    body: openaiBody(OPENAI_QUESTION),
    question: OPENAI_QUESTION,
  };
  return [
    await step(stage, "A Claude client streams an answer", () => streamAnswer(stage, claude)),
    await step(stage, "An OpenAI client streams an answer", () => streamAnswer(stage, openai)),
    await step(stage, "A client with a wrong key is refused", () => tryWrongKey(stage, claude)),
  ].every((passed) => passed);
}

function claudeBody(content: string) {
  const messages = [{ role: "user", content }];
  return { model: "claude-demo", max_tokens: 1024, stream: true as const, messages };
}

function openaiBody(input: string) {
  return { model: "gpt-demo", stream: true as const, input };
}

async function step(
  { screen, signal }: Stage,
  title: string,
  act: () => Promise<void>,
): Promise<boolean> {
  screen.line(screen.bold(title));
  try {
    await act();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    screen.line(`  ${screen.red("failed")}  ${reason}`);
    return false;
  } finally {
    screen.line();
  }
}

async function streamAnswer(stage: Stage, call: Call): Promise<void> {
  const { screen } = stage;
  screen.line(screen.dim(`  POST ${call.path}  “${call.question}”`));
  const before = stage.upstreamSaw.length;
  const asked = performance.now();
  const response = await send(stage, call);
  if (response.status !== 200 || response.body === null) {
    throw new Error(`Expected status 200, got ${response.status}: ${await response.text()}`);
  }
  const spoken = await speak(screen, answerPieces(response.body), asked);
  const whole = replyTo({
    question: call.question,
    afterTool: false,
    tools: [],
    toolChoice: { mode: "auto" },
  });
  if (spoken.text !== whole.pieces.join("")) throw new Error("The answer is not what was sent");
  screen.line(
    `  ${screen.green("ok")}  200, ${spoken.pieces} pieces, ` +
      `the first after ${spoken.first} ms, the last after ${spoken.last} ms`,
  );
  showCredentials(stage, call, stage.upstreamSaw.slice(before));
}

function send(stage: Stage, call: Call): Promise<Response> {
  return fetch(stage.proxyUrl + call.path, {
    method: "POST",
    headers: { ...call.headers, "content-type": "application/json" },
    body: JSON.stringify(call.body),
    signal: stage.signal,
  });
}

/** Writes an answer as it arrives, each line after the milliseconds at which it began. */
async function speak(screen: Screen, pieces: AsyncIterable<string>, asked: number) {
  const spoken = { text: "", pieces: 0, first: 0, last: 0 };
  let column = ANSWER_WIDTH;
  for await (const piece of pieces) {
    spoken.last = Math.round(performance.now() - asked);
    if (spoken.pieces++ === 0) spoken.first = spoken.last;
    spoken.text += piece;
    const begins = column + piece.length > ANSWER_WIDTH;
    if (begins) {
      const elapsed = `${spoken.last} ms`.padStart(9);
      screen.write(`${spoken.pieces > 1 ? "\n" : ""}${screen.dim(`${elapsed}  `)}`);
      column = 0;
    }
    const shown = begins ? piece.trimStart() : piece;
    screen.write(shown);
    column += shown.length;
  }
  screen.line();
  return spoken;
}

/** Shows which credentials the client sent and which of them the upstream got to see. */
function showCredentials(stage: Stage, call: Call, upstreamSaw: Headers[]): void {
  const [headers] = upstreamSaw;
  if (headers === undefined || upstreamSaw.length !== 1) {
    throw new Error(`Expected one request upstream, got ${upstreamSaw.length}`);
  }
  const received = credentialsIn(headers);
  stage.screen.line(
    `  ${stage.screen.green("ok")}  the client sent ${described(new Headers(call.headers))}, ` +
      `the upstream received ${described(headers)}`,
  );
  if (received.length !== 1 || received[0]?.key !== stage.upstreamKey) {
    throw new Error("Expected the upstream to receive its own key and no other");
  }
  if ([...headers.values()].some((value) => value.includes(stage.clientKey))) {
    throw new Error("The client's key reached the upstream");
  }
}

function described(headers: Headers): string {
  return credentialsIn(headers)
    .map(({ header, key }) => `${header}: ${masked(key)}`)
    .join(", ") || "no credential";
}

async function tryWrongKey(stage: Stage, call: Call): Promise<void> {
  const { screen } = stage;
  const before = stage.upstreamSaw.length;
  const response = await send(stage, {
    ...call,
    headers: { ...call.headers, "x-api-key": "wrong-key" },
  });
  const code = response.headers.get("x-claude-proxy-error");
  screen.line(screen.dim(`  POST ${call.path}  x-api-key: wrong-key`));
  screen.line(`  ${response.status}`);
  screen.line(`  x-claude-proxy-error: ${code}`);
  screen.line(`  ${(await response.text()).trim()}`);
  if (response.status !== 401) throw new Error(`Expected status 401, got ${response.status}`);
  if (code !== "invalid_client_key") {
    throw new Error(`Expected x-claude-proxy-error "invalid_client_key", got ${code}`);
  }
  if (stage.upstreamSaw.length !== before) throw new Error("The request reached the upstream");
  screen.line(`  ${screen.green("ok")}  the upstream never saw it`);
}
