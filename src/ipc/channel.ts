/**
 * Requests and replies between two threads, the supervisor and a worker, over anything that posts
 * messages: a `Worker`, a worker's `self`, a `MessagePort`.
 *
 * Each end offers functions by name, and an interface for each end is all that a conversation needs:
 *
 * ```ts
 * interface Printer { print(text: string): Promise<void> }
 * interface Office { outOfPaper(tray: number): void }
 *
 * const printer = new Channel<Printer, Office>(worker, { outOfPaper: (tray) => order(tray) });
 * await printer.call("print", "a page");
 * ```
 *
 * @module
 */

import { afterRunning } from "../time/after_running.ts";

/** Characters that are kept of the other end's errors. */
const LONGEST_MESSAGE = 2_048;
const LONGEST_NAME = 64;

/** What an end offers: functions of at most one argument. */
export type Offer<Functions> = {
  readonly [Name in keyof Functions]: (argument: never) => unknown;
};

/** The argument of an offered function. */
export type Argument<Functions extends Offer<Functions>, Name extends keyof Functions> = Parameters<
  Functions[Name]
>[0];

/** Checks each incoming argument: returns it as the function may take it, or throws what is wrong. */
export type Readers<Functions extends Offer<Functions>> = {
  readonly [Name in keyof Functions]: (argument: unknown) => Argument<Functions, Name>;
};

/** Where messages go and come from. */
export interface Port {
  /** Sends a structured clone of the message to the other end. */
  postMessage(message: unknown): void;
  /** Called with each message of the other end. */
  onmessage: ((event: MessageEvent) => void) | null;
  /** Called in place of `onmessage` for a message that cannot be cloned back. */
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** How a channel treats the other end. */
export interface ChannelOptions<Ours extends Offer<Ours>> {
  /** For an end that is not trusted. @default {every argument is taken as it comes} */
  readonly readers?: Readers<Ours>;
  /**
   * The other end sent what it must not, or an event that our function for it could not take.
   *
   * @param cause what our function threw
   * @default {the channel is closed with the reason}
   */
  readonly onViolation?: (reason: string, cause?: unknown) => void;
  /** The channel was closed, by whoever. */
  readonly onClose?: (reason: string) => void;
}

/** How a call is made. */
export interface CallOptions {
  /**
   * Milliseconds to wait for the answer while this program runs, see `time/after_running.ts`.
   *
   * @default {for as long as it takes}
   */
  readonly timeoutMs?: number;
}

/** Thrown by a call whose answer will never come; the message says why. */
export class ChannelClosed extends Error {
  /** Tells it from the other end's errors. */
  override readonly name = "ChannelClosed";
}

/** An answer or a request; one without an id is an event, which nobody answers. */
type Message =
  | { readonly name: PropertyKey; readonly argument: unknown; readonly id?: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };

/** What `call` takes behind the name. */
export type CallArguments<Functions extends Offer<Functions>, Name extends keyof Functions> =
  Parameters<Functions[Name]> extends [] ? [argument?: undefined, options?: CallOptions]
    : [argument: Argument<Functions, Name>, options?: CallOptions];

/**
 * One end of a conversation.
 *
 * @typeParam Theirs what the other end offers
 * @typeParam Ours what this end offers
 */
export class Channel<Theirs extends Offer<Theirs>, Ours extends Offer<Ours>> {
  readonly #port: Port;
  readonly #functions: Ours;
  readonly #options: ChannelOptions<Ours>;
  /** Calls without an answer, by id; a call that timed out stays, for its answer may come yet. */
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #closed: ChannelClosed | undefined;

  /**
   * Opens this end.
   *
   * @param functions what the other end may call: own properties of an object, no methods of a class
   */
  constructor(port: Port, functions: Ours, options: ChannelOptions<Ours> = {}) {
    this.#port = port;
    this.#functions = functions;
    this.#options = options;
    port.onmessage = ({ data }) => this.#receive(data);
    port.onmessageerror = () => this.#violated("a message that cannot be read");
  }

  /**
   * Calls a function of the other end.
   *
   * @returns its result
   * @throws {ChannelClosed} when the channel is closed, before or during the call
   * @throws {DOMException} a TimeoutError when the answer takes longer than `timeoutMs`
   * @throws {Error} with name and message of what the function threw
   */
  async call<Name extends keyof Theirs>(
    name: Name,
    ...[argument, { timeoutMs } = {}]: CallArguments<Theirs, Name>
  ): Promise<Awaited<ReturnType<Theirs[Name]>>> {
    if (this.#closed !== undefined) throw this.#closed;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#post({ name, argument, id });
    this.#open.set(id, answer);
    const late = () => answer.reject(timedOut(String(name), timeoutMs!));
    const cancel = timeoutMs === undefined ? undefined : afterRunning(timeoutMs, late);
    try {
      return await answer.promise as Awaited<ReturnType<Theirs[Name]>>;
    } finally {
      cancel?.();
    }
  }

  /** Tells the other end, which does not answer. On a closed channel nothing happens. */
  tell<Name extends keyof Theirs>(name: Name, ...[argument]: Parameters<Theirs[Name]>): void {
    this.#post({ name, argument });
  }

  /** Ends the conversation: open calls throw {@linkcode ChannelClosed}, later messages are ignored. */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = new ChannelClosed(reason);
    for (const answer of this.#open.values()) answer.reject(this.#closed);
    this.#open.clear();
    this.#options.onClose?.(reason);
  }

  #post(message: Message): void {
    if (this.#closed === undefined) this.#port.postMessage(message);
  }

  #receive(message: unknown): void {
    if (this.#closed !== undefined) return;
    if (typeof message !== "object" || message === null) {
      return this.#violated("a message that is no object");
    }
    const { id, name, argument, result, error } = message as Readonly<Record<string, unknown>>;
    if (id !== undefined && typeof id !== "number") {
      return this.#violated("a message whose id is no number");
    }
    if (name !== undefined) return this.#request(name, argument, id);
    if (error === undefined) return this.#settle(id, (answer) => answer.resolve(result));
    this.#settle(id, (answer) => answer.reject(theirError(error)));
  }

  #request(name: unknown, argument: unknown, id: number | undefined): void {
    if (typeof name !== "string" || !Object.hasOwn(this.#functions, name)) {
      return this.#violated("a message of an unknown name");
    }
    const known = name as keyof Ours & string;
    const { readers } = this.#options;
    try {
      void this.#run(known, readers === undefined ? argument : readers[known](argument), id);
    } catch (error) {
      this.#violated(`${name}: ${described(error).message}`);
    }
  }

  async #run(name: keyof Ours & string, argument: unknown, id: number | undefined): Promise<void> {
    try {
      const result = await this.#functions[name](argument as never);
      if (id !== undefined) this.#post({ id, result });
    } catch (error) {
      if (id !== undefined) this.#post({ id, error: described(error) });
      else this.#violated(`${name}: ${described(error).message}`, error);
    }
  }

  #settle(id: number | undefined, settle: (answer: PromiseWithResolvers<unknown>) => void): void {
    const answer = id === undefined ? undefined : this.#open.get(id);
    if (answer === undefined) return this.#violated("an answer to no call");
    this.#open.delete(id!);
    settle(answer);
  }

  #violated(reason: string, cause?: unknown): void {
    if (this.#closed !== undefined) return;
    const { onViolation = (reason: string) => this.close(reason) } = this.#options;
    onViolation(`protocol violation: ${reason}`, cause);
  }
}

/** What of an error crosses: an error class of ours, or its cause, would not survive the cloning. */
function described(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: error.name, message: error.message };
}

/** The other end's error, whatever it holds: the other end may be hostile. */
function theirError(thrown: unknown): Error {
  const { name, message } = Object(thrown) as Readonly<Record<string, unknown>>;
  const error = new Error(
    typeof message === "string" ? message.slice(0, LONGEST_MESSAGE) : "an error without a message",
  );
  if (typeof name === "string") error.name = name.slice(0, LONGEST_NAME);
  return error;
}

function timedOut(name: string, timeoutMs: number): DOMException {
  return new DOMException(`no answer to ${name} within ${timeoutMs} ms`, "TimeoutError");
}
