/**
 * Requests with a body that have no answer yet. Whether such a body has come to its end nobody can
 * tell, as the runtime pipes it; but most answers begin after it.
 */
export class Uploads {
  #running = 0;
  #none: PromiseWithResolvers<void> | undefined;

  /** Whether any has no answer yet. */
  get areRunning(): boolean {
    return this.#running > 0;
  }

  /** Counts a request in until it is answered, and returns that answer. */
  async watch({ headers }: Request, answer: Promise<Response>): Promise<Response> {
    if (!headers.has("content-length") && !headers.has("transfer-encoding")) return await answer;
    this.#running++;
    try {
      return await answer;
    } finally {
      this.#running--;
      if (this.#running === 0) this.#none?.resolve();
    }
  }

  /** Resolves once none runs. */
  async ended(): Promise<void> {
    if (this.#running === 0) return;
    this.#none ??= Promise.withResolvers();
    await this.#none.promise;
  }
}
