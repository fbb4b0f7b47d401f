import type { UpstreamAuthSettings } from "../config/schema/settings.ts";
import type { FromCredentialHolder, IssuedCredential, ToCredentialHolder } from "./messages.ts";
import { createCredentialSource, type CredentialSource, type TokenWatch } from "./source.ts";

/** Ids of one source's credentials; each source after it counts from the next multiple. */
const IDS_PER_SOURCE = 2 ** 32;

/**
 * A credential source that a reload can exchange for another. Until the new one has a credential,
 * workers go on with what they have.
 */
export class CredentialSwitch implements CredentialSource {
  readonly #send: (message: ToCredentialHolder) => void;
  readonly #watch: TokenWatch;
  readonly #caCerts: readonly string[];
  #auth: UpstreamAuthSettings;
  #source: CredentialSource;
  /** How many sources were before this one. */
  #generation = 0;

  /**
   * @param send tells every worker
   * @param watch hears of tokens
   * @param caCerts PEM certificates that authorities may have, beside the usual ones
   */
  constructor(
    auth: UpstreamAuthSettings,
    send: (message: ToCredentialHolder) => void,
    watch: TokenWatch,
    caCerts: readonly string[] = [],
  ) {
    this.#caCerts = caCerts;
    this.#auth = auth;
    this.#send = send;
    this.#watch = watch;
    this.#source = this.#create(auth);
  }

  get current(): IssuedCredential | undefined {
    const { current } = this.#source;
    return current && this.#numbered(current);
  }

  receive(message: FromCredentialHolder): void {
    if (message.type === "credential_wanted") return this.#source.receive(message);
    const id = message.id - this.#generation * IDS_PER_SOURCE;
    // A credential of a source before this one was refused: this one's is on its way or there.
    if (id > 0) this.#source.receive({ ...message, id });
    else this.#source.receive({ type: "credential_wanted" });
  }

  stop(): void {
    this.#source.stop();
  }

  /** Takes over new settings; with the same as before nothing happens. */
  change(auth: UpstreamAuthSettings): void {
    if (JSON.stringify(auth) === JSON.stringify(this.#auth)) return;
    this.#source.stop();
    this.#auth = auth;
    this.#generation++;
    this.#source = this.#create(auth);
    const { current } = this;
    if (current !== undefined) this.#send({ type: "credential", issued: current });
  }

  #create(auth: UpstreamAuthSettings): CredentialSource {
    return createCredentialSource(
      auth,
      (message) => this.#send(this.#renumbered(message)),
      this.#watch,
      this.#caCerts,
    );
  }

  #renumbered(message: ToCredentialHolder): ToCredentialHolder {
    switch (message.type) {
      case "credential":
        return { ...message, issued: this.#numbered(message.issued) };
      case "credential_suspect":
        return { ...message, id: message.id + this.#generation * IDS_PER_SOURCE };
      case "credential_unavailable":
        return message;
    }
  }

  #numbered(issued: IssuedCredential): IssuedCredential {
    return { ...issued, id: issued.id + this.#generation * IDS_PER_SOURCE };
  }
}
