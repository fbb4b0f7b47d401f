import { type CallArguments, ChannelClosed } from "../ipc/channel.ts";
import type { RequestReport, RequestWorker, Supervisor, WorkerStart } from "../ipc/messages.ts";
import { supervisorReaders } from "../ipc/supervisor_readers.ts";
import { WorkerThread } from "../ipc/worker_thread.ts";
import type { WorkerLoad } from "./memory_guard.ts";

/** Milliseconds that a worker may take to load its modules and listen. */
const START_TIMEOUT = 60_000;

/** What one worker runs, with what permissions, and whom it tells. */
export interface WorkerHandleOptions {
  readonly module: URL;
  /** Counts from 1. */
  readonly number: number;
  readonly permissions: Deno.PermissionOptions;
  readonly supervisor: Omit<Supervisor, "failed">;
  /** Milliseconds that it may be silent. */
  readonly patienceMs: number;
  /** It died, or was ended because it could not do what it was told. */
  readonly onDeath: (reason: string) => void;
}

/** One request worker. It lives until it dies or is terminated. */
export class WorkerHandle {
  readonly #thread: WorkerThread<RequestWorker, Supervisor>;
  readonly #patienceMs: number;
  #inFlight = 0;
  #isUrgent = false;
  #isReporting = false;

  constructor({ number, patienceMs, supervisor, ...options }: WorkerHandleOptions) {
    this.#patienceMs = patienceMs;
    this.#thread = new WorkerThread({
      ...options,
      name: "request-worker",
      functions: {
        ...supervisor,
        requests: (report) => this.#take(report, supervisor),
        failed: (reason) => this.end(reason),
      },
      readers: supervisorReaders(number),
    });
  }

  /** Whether nobody can wait for the end of its thread, once it has died. */
  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  /** What is known of it from outside. */
  get load(): Omit<WorkerLoad, "worker"> {
    return { inFlight: this.#inFlight, silentMs: this.#thread.silentMs };
  }

  /**
   * Has the worker serve, and from then on show that it lives.
   *
   * @throws {Error} when it cannot listen or dies
   */
  async start(start: WorkerStart): Promise<void> {
    await this.call("start", start, { timeoutMs: START_TIMEOUT });
    void this.#thread.watch(this.#patienceMs);
  }

  /**
   * Has the worker do something. One that fails is ended, for nobody knows what state it is in.
   *
   * @throws {Error} when it fails, takes longer than the call may, or dies
   */
  async call<Verb extends keyof RequestWorker>(
    verb: Verb,
    ...rest: CallArguments<RequestWorker, Verb>
  ): Promise<void> {
    try {
      await this.#thread.channel.call(verb, ...rest);
    } catch (error) {
      if (!(error instanceof ChannelClosed)) this.end(String(error));
      throw error;
    }
  }

  /** Tells the worker something of credentials. */
  tell(credential: Parameters<RequestWorker["credential"]>[0]): void {
    this.#thread.channel.tell("credential", credential);
  }

  /**
   * Ends it at once as one that died, and running requests with it.
   *
   * @param options whether nobody can wait for the end of its thread
   */
  end(reason: string, { urgent }: { urgent: boolean } = { urgent: false }): void {
    this.#isUrgent = urgent;
    this.#thread.end(reason);
  }

  /** Ends it at once, which is no death, and running requests with it. */
  terminate(): void {
    this.#thread.channel.close("terminated");
  }

  /** Whether its thread ends within so many milliseconds, once it has died. */
  threadEnds(withinMs: number): Promise<boolean> {
    return this.#thread.threadEnds(withinMs);
  }

  /** Answers in a later turn: a report that is there by then did not wait for the answer. */
  async #take(report: RequestReport, supervisor: Pick<Supervisor, "requests">): Promise<void> {
    if (this.#isReporting) return this.end("protocol violation: requests: it did not wait");
    this.#isReporting = true;
    this.#inFlight = report.inFlight;
    supervisor.requests(report);
    await new Promise((later) => setTimeout(later));
    this.#isReporting = false;
  }
}
