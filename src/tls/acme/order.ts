import type { Authorization, Client, Order } from "acme-client";
import type { CaFetch } from "./ca_fetch.ts";
import { OrderError } from "./order_error.ts";
import type { Challenge, OrderRequest } from "./order_messages.ts";
import { explainProblem, type Problem } from "./problem.ts";

type AcmeClient = typeof import("acme-client");

/** What an order needs from outside. */
export interface OrderDeps {
  readonly acme: AcmeClient;
  readonly transport: CaFetch;
  /** Resolves once the challenge is answered. */
  readonly publish: (challenge: Challenge) => Promise<void>;
  /** Called with the account's URL when it was registered just now. */
  readonly onAccount: (url: string) => void;
}

/** Most times a request is repeated because the authority did not accept its nonce (RFC 8555 §6.5). */
const NONCE_RETRIES = 20;
/** Milliseconds between two looks at a pending order: the first, and the longest. */
const FIRST_POLL = 100;
const LONGEST_POLL = 3_000;
/** Looks before giving up: about three minutes. */
const MOST_POLLS = 64;

/**
 * Gets one certificate: account, order, challenges, certificate (RFC 8555 §7).
 *
 * @throws {OrderError} when the authority cannot be reached or refuses
 */
export async function placeOrder(
  request: OrderRequest,
  deps: OrderDeps,
): Promise<{ cert: string; key: string }> {
  const { transport } = deps;
  try {
    return await new OrderRun(request, deps).run();
  } catch (error) {
    if (error instanceof OrderError) throw error;
    const problem = transport.takeFailure() ?? { type: "unexpected", detail: messageOf(error) };
    throw new OrderError(explainProblem(problem, request, Date.now()));
  }
}

class OrderRun {
  readonly #request: OrderRequest;
  readonly #deps: OrderDeps;
  #client: Client;

  constructor(request: OrderRequest, deps: OrderDeps) {
    this.#request = request;
    this.#deps = deps;
    this.#client = this.#newClient(request.account.url);
  }

  async run(): Promise<{ cert: string; key: string }> {
    const directory = await this.#directory();
    checkProfile(this.#request.profile, directory.meta?.profiles);
    if (this.#request.account.url === undefined) await this.#register();
    const order = await this.#createOrder(directory.renewalInfo !== undefined);
    await this.#authorize(order);
    return await this.#finalize(order);
  }

  #newClient(accountUrl: string | undefined): Client {
    const { directoryUrl, account: { key, eab } } = this.#request;
    const client = new this.#deps.acme.Client({
      directoryUrl,
      accountKey: key,
      ...(accountUrl !== undefined && { accountUrl }),
      ...(eab && { externalAccountBinding: eab }),
    });
    // Not in its types: it gives up after 5, which a busy authority can exceed.
    const { http } = client as unknown as { http: { maxBadNonceRetries: number } };
    http.maxBadNonceRetries = NONCE_RETRIES;
    return client;
  }

  async #directory(): Promise<Directory> {
    const response = await this.#deps.transport.fetch(this.#request.directoryUrl);
    if (!response.ok) throw new Error(`The directory cannot be read: status ${response.status}`);
    return await response.json();
  }

  async #register(): Promise<void> {
    const { email } = this.#request.account;
    await this.#client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${email}`] });
    this.#deps.onAccount(this.#client.getAccountUrl());
  }

  /** Names the replaced certificate only to an authority that offers ARI (RFC 9773 §5). */
  async #createOrder(offersRenewalInfo: boolean): Promise<Order> {
    const { domains, profile, replaces } = this.#request;
    const identifiers = domains.map((value) => ({ type: "dns", value }));
    const order = { identifiers, ...(profile !== undefined && { profile }) };
    if (offersRenewalInfo && replaces !== undefined) {
      const replacing = await this.#tryCreateOrder({ ...order, replaces });
      // The authority knows of no such certificate, or another order replaced it (RFC 9773 §5).
      if ("url" in replacing) return replacing;
    }
    let created = await this.#tryCreateOrder(order);
    if (!("url" in created) && created.type === "accountDoesNotExist") {
      this.#client = this.#newClient(undefined);
      await this.#register();
      created = await this.#tryCreateOrder(order);
    }
    if ("url" in created) return created;
    throw this.#failed(created);
  }

  async #tryCreateOrder(data: NewOrder): Promise<Order | Problem> {
    this.#deps.transport.takeFailure();
    try {
      return await this.#client.createOrder(data as Parameters<Client["createOrder"]>[0]);
    } catch (error) {
      const problem = this.#deps.transport.takeFailure();
      if (problem === undefined) throw error;
      if (problem.transport || problem.type === "rateLimited") throw this.#failed(problem);
      return problem;
    }
  }

  async #authorize(order: Order): Promise<void> {
    for (const authorization of await this.#client.getAuthorizations(order)) {
      if (authorization.status === "pending") await this.#answerChallenge(authorization);
    }
    await poll(async () => {
      const authorizations = await this.#client.getAuthorizations(order);
      const failed = authorizations.find(({ status }) =>
        status !== "pending" && status !== "valid"
      );
      if (failed !== undefined) throw this.#challengeFailed(failed);
      return authorizations.every(({ status }) => status === "valid") || undefined;
    }, "the authority has not finished checking the domains");
  }

  async #answerChallenge(authorization: Authorization): Promise<void> {
    const challenge = authorization.challenges.find(({ type }) => type === "http-01");
    if (challenge === undefined) {
      const domain = authorization.identifier.value;
      throw new OrderError({ reason: `the authority offers no HTTP-01 challenge for ${domain}` });
    }
    const keyAuthorization = await this.#client.getChallengeKeyAuthorization(challenge);
    await this.#deps.publish({ token: challenge.token, keyAuthorization });
    await this.#client.completeChallenge(challenge);
  }

  async #finalize(order: Order): Promise<{ cert: string; key: string }> {
    const { crypto } = this.#deps.acme;
    const privateKey = this.#request.keyType === "rsa"
      ? await crypto.createPrivateRsaKey(2048)
      : await crypto.createPrivateEcdsaKey("P-256");
    const altNames = [...this.#request.domains];
    const [key, csr] = await crypto.createCsr({ altNames }, privateKey);
    await this.#client.finalizeOrder(order, csr);
    const ready = await poll(async () => {
      const current = await this.#client.getOrder(order);
      if (current.status === "invalid") throw this.#failed(problemOf(current));
      return current.status === "valid" ? current : undefined;
    }, "the authority has not issued the certificate");
    return { cert: await this.#client.getCertificate(ready), key: String(key) };
  }

  #challengeFailed({ identifier, challenges, status }: Authorization): OrderError {
    const withError = challenges.find((challenge) => "error" in challenge);
    const problem = withError === undefined
      ? { type: String(status), detail: `the authorization is ${status}` }
      : problemOf(withError);
    return this.#failed(problem, identifier.value);
  }

  #failed(problem: Problem, domain?: string): OrderError {
    const context = { ...this.#request, ...(domain !== undefined && { domain }) };
    return new OrderError(explainProblem(problem, context, Date.now()));
  }
}

/** The directory's fields beyond those of acme-client (RFC 9773 §4.1, draft-ietf-acme-profiles). */
interface Directory {
  readonly renewalInfo?: string;
  readonly meta?: { readonly profiles?: Readonly<Record<string, string>> };
}

interface NewOrder {
  readonly identifiers: readonly { readonly type: string; readonly value: string }[];
  readonly profile?: string;
  readonly replaces?: string;
}

function checkProfile(
  profile: string | undefined,
  offered: Readonly<Record<string, string>> = {},
): void {
  if (profile === undefined || Object.hasOwn(offered, profile)) return;
  const names = Object.keys(offered).join(", ") || "none";
  throw new OrderError({
    reason: `the authority offers no certificate profile "${profile}", it offers ${names}`,
  });
}

async function poll<T>(look: () => Promise<T | undefined>, late: string): Promise<T> {
  let wait = FIRST_POLL;
  for (let looks = 0; looks < MOST_POLLS; looks++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.5, LONGEST_POLL);
  }
  throw new OrderError({ reason: late });
}

function problemOf({ error }: { error?: unknown }): Problem {
  const { type = "unknown", detail = "" } = (error ?? {}) as { type?: string; detail?: string };
  return { type: type.replace(/^urn:ietf:params:acme:error:/, ""), detail };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
