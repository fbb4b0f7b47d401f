import { failureAdvice } from "../../net/failure_advice.ts";
import type { OrderFailure } from "./order_messages.ts";

/** An error of an authority's (RFC 8555 §6.7), or of the way to it. */
export interface Problem {
  /** The error type, without `urn:ietf:params:acme:error:`. */
  readonly type: string;
  readonly detail: string;
  /** Milliseconds the authority wants us to wait. */
  readonly retryAfter?: number | undefined;
  /** The authority could not be reached at all. */
  readonly transport?: true;
}

/** Where a problem arose. */
export interface ProblemContext {
  readonly directoryUrl: string;
  readonly challengePort: number;
  /** The name whose challenge failed; absent where the whole order did. */
  readonly domain?: string;
}

/** What an operator can set where the authority cannot be reached. */
const ADVISED = { address: "tls.directory_url", authorities: "tls.directory_ca_file" };

/** Longest wait that is believed, in milliseconds: rate limits end within days. */
export const LONGEST_WAIT = 30 * 86_400_000;

/** Let's Encrypt tells the end of a rate limit in words: "retry after 2026-01-31 10:20:30 UTC". */
const RETRY_AFTER_TEXT = /retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: UTC|Z)/;

/** What failed challenges mean to an operator, by error type (RFC 8555 §6.7, §8.2). */
const CHALLENGE_FAULTS: Readonly<Record<string, (context: ProblemContext) => string>> = {
  connection: ({ domain, challengePort }) =>
    `the authority cannot connect to ${domain} at port 80: it must be reachable from the internet ` +
    `and lead to http_challenge_port ${challengePort}`,
  dns: ({ domain }) => `the authority cannot look up ${domain}: its DNS records must lead here`,
  unauthorized: ({ domain }) =>
    `another server than this one answers for ${domain}: its DNS records must lead here`,
  incorrectResponse: ({ domain }) =>
    `another server than this one answers for ${domain}: its DNS records must lead here`,
  caa: ({ domain }) => `a CAA record of ${domain} forbids this authority`,
  tls: ({ domain }) => `the authority was redirected to HTTPS at ${domain} and failed there`,
};

/** What a refused order or account means to an operator, by error type. */
const ORDER_FAULTS: Readonly<Record<string, string>> = {
  caa: "a CAA record forbids this authority",
  externalAccountRequired: "the authority wants external account binding: set eab_kid and " +
    "eab_hmac_key",
  invalidContact: "the authority does not accept the address in email",
  unsupportedContact: "the authority does not accept the address in email",
  invalidProfile: "the authority does not accept the certificate profile",
  rejectedIdentifier: "the authority will not issue for one of the domains",
  userActionRequired: "the authority wants something done by hand first",
  serverInternal: "the authority has a fault of its own",
};

/**
 * Says what went wrong and what to do, with the authority's own words in brackets.
 *
 * @param now milliseconds since 1970
 */
export function explainProblem(
  problem: Problem,
  context: ProblemContext,
  now: number,
): OrderFailure {
  const { host } = new URL(context.directoryUrl);
  const asked = problem.retryAfter || waitInText(problem.detail, now);
  const wait = asked && Math.min(asked, LONGEST_WAIT);
  const retryAfterMs = wait !== undefined && wait > 0 ? { retryAfterMs: wait } : {};
  if (problem.transport) {
    const advice = failureAdvice(problem.detail, ADVISED) ?? problem.detail;
    return { reason: `cannot reach the authority at ${host}: ${advice}` };
  }
  if (problem.type === "rateLimited") {
    const until = wait === undefined ? "" : ` until ${new Date(now + wait).toISOString()}`;
    return { reason: `rate limited by ${host}${until} (${problem.detail})`, ...retryAfterMs };
  }
  const known = context.domain === undefined
    ? ORDER_FAULTS[problem.type]
    : CHALLENGE_FAULTS[problem.type]?.(context);
  const subject = context.domain === undefined ? "" : ` for ${context.domain}`;
  const fault = known ?? `the authority refused${subject}: ${problem.type}`;
  return { reason: `${fault} (${host}: ${problem.detail})`, ...retryAfterMs };
}

function waitInText(detail: string, now: number): number | undefined {
  const [, date, time] = RETRY_AFTER_TEXT.exec(detail) ?? [];
  return date === undefined ? undefined : Date.parse(`${date}T${time}Z`) - now;
}
