/**
 * The worker behind `http_challenge_port`. It faces the internet, so it may listen there and do
 * nothing else.
 *
 * @module
 */
import { supervisorChannel } from "../../ipc/supervisor_channel.ts";
import { type HttpsPlace, respondToChallenge } from "./challenge_responder.ts";
import type { Challenge } from "./order_messages.ts";

/** What the challenge worker offers the supervisor. */
export interface ChallengeWorker {
  /** Listens; throws when it cannot. */
  start(start: {
    readonly listen: { readonly hostname: string; readonly port: number };
    readonly https: HttpsPlace;
  }): void;
  /** Answers a challenge from now on. */
  publish(challenge: Challenge): void;
  /** Answers no challenge any more. */
  clear(): void;
}

const responses = new Map<string, string>();

supervisorChannel<Record<never, never>, ChallengeWorker>({
  start({ listen, https }) {
    Deno.serve(
      { ...listen, onListen: () => {} },
      (request) => respondToChallenge(request, responses, https),
    );
  },
  publish: ({ token, keyAuthorization }) => void responses.set(token, keyAuthorization),
  clear: () => responses.clear(),
});
