/** Milliseconds in which the same is said once. */
const PACE = 20;

/**
 * Makes a function that says each thing at once, and again only after a while: what is said meanwhile
 * is said once at the end of it.
 *
 * @param post says it
 */
export function paced<Message>(post: (message: Message) => void): (message: Message) => void {
  /** What was said just now, and whether it is to be said again. */
  const said = new Map<string, { again: boolean }>();
  const say = (key: string, message: Message) => {
    const state = { again: false };
    said.set(key, state);
    post(message);
    setTimeout(() => {
      said.delete(key);
      if (state.again) say(key, message);
    }, PACE);
  };
  return (message) => {
    const key = JSON.stringify(message);
    const state = said.get(key);
    if (state === undefined) say(key, message);
    else state.again = true;
  };
}
