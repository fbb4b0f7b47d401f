/** Milliseconds in which the same is said once, unless told otherwise. */
const PACE = 20;

/**
 * Makes a function that says each thing at once, and again only after a while: what is said meanwhile
 * is said once at the end of it.
 *
 * @param post says it
 * @param pace milliseconds until it says the same again @default {20}
 */
export function paced<Message>(
  post: (message: Message) => void,
  pace: number = PACE,
): (message: Message) => void {
  /** What was said just now, and whether it is to be said again. */
  const said = new Map<string, { again: boolean }>();
  const say = (key: string, message: Message) => {
    const state = { again: false };
    said.set(key, state);
    post(message);
    setTimeout(() => {
      said.delete(key);
      if (state.again) say(key, message);
    }, pace);
  };
  return (message) => {
    const key = JSON.stringify(message);
    const state = said.get(key);
    if (state === undefined) say(key, message);
    else state.again = true;
  };
}
