/**
 * The worker behind `http_challenge_port`. It faces the internet, so it may listen there and do
 * nothing else.
 *
 * @module
 */
import { type HttpsPlace, respondToChallenge } from "./challenge_responder.ts";
import type { Challenge } from "./order_messages.ts";

/** From the supervisor to the challenge worker. */
export type ToChallengeWorker =
  | {
    readonly type: "start";
    readonly listen: { readonly hostname: string; readonly port: number };
    readonly https: HttpsPlace;
  }
  | { readonly type: "publish"; readonly challenge: Challenge }
  | { readonly type: "clear" };

/** From the challenge worker to the supervisor. */
export type FromChallengeWorker =
  | { readonly type: "listening" }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "published" };

const supervisor = self as unknown as {
  postMessage(message: FromChallengeWorker): void;
  onmessage: (event: MessageEvent<ToChallengeWorker>) => void;
};

const responses = new Map<string, string>();

supervisor.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "start":
      return start(message.listen, message.https);
    case "publish":
      responses.set(message.challenge.token, message.challenge.keyAuthorization);
      return supervisor.postMessage({ type: "published" });
    case "clear":
      return responses.clear();
  }
};

function start(listen: { hostname: string; port: number }, https: HttpsPlace): void {
  try {
    Deno.serve(
      { ...listen, onListen: () => {} },
      (request) => respondToChallenge(request, responses, https),
    );
    supervisor.postMessage({ type: "listening" });
  } catch (error) {
    supervisor.postMessage({ type: "failed", reason: String(error) });
  }
}
