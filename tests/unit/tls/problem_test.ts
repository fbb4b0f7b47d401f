import assert from "node:assert/strict";
import { explainProblem, type Problem } from "../../../src/tls/acme/problem.ts";

const NOW = Date.parse("2026-01-31T10:00:00Z");
const CONTEXT = { directoryUrl: "https://ca.example/directory", challengePort: 8080 };

const cases: [problem: Problem, domain: string | undefined, reason: string, waitMs?: number][] = [
  [
    { type: "connection", detail: "Timeout during connect" },
    "a.example.com",
    "the authority cannot connect to a.example.com at port 80: it must be reachable from the " +
    "internet and lead to http_challenge_port 8080 (ca.example: Timeout during connect)",
  ],
  [
    { type: "dns", detail: "NXDOMAIN" },
    "a.example.com",
    "the authority cannot look up a.example.com: its DNS records must lead here " +
    "(ca.example: NXDOMAIN)",
  ],
  [
    { type: "unauthorized", detail: "Invalid response: 404" },
    "a.example.com",
    "another server than this one answers for a.example.com: its DNS records must lead here " +
    "(ca.example: Invalid response: 404)",
  ],
  [
    { type: "caa", detail: "CAA record prevents issuance" },
    "a.example.com",
    "a CAA record of a.example.com forbids this authority " +
    "(ca.example: CAA record prevents issuance)",
  ],
  [
    { type: "unheardOf", detail: "?" },
    "a.example.com",
    "the authority refused for a.example.com: unheardOf (ca.example: ?)",
  ],
  [
    { type: "rejectedIdentifier", detail: "policy" },
    undefined,
    "the authority will not issue for one of the domains (ca.example: policy)",
  ],
  [
    { type: "rateLimited", detail: "too many failed authorizations", retryAfter: 3_600_000 },
    undefined,
    "rate limited by ca.example until 2026-01-31T11:00:00.000Z (too many failed authorizations)",
    3_600_000,
  ],
  [
    {
      type: "rateLimited",
      detail: "too many certificates already issued for this exact set of domains in the last " +
        "168h0m0s, retry after 2026-02-01 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/",
    },
    undefined,
    "rate limited by ca.example until 2026-02-01T10:00:00.000Z (too many certificates already " +
    "issued for this exact set of domains in the last 168h0m0s, retry after 2026-02-01 10:00:00 " +
    "UTC: see https://letsencrypt.org/docs/rate-limits/)",
    86_400_000,
  ],
  [
    { type: "http", detail: "it answered 503", retryAfter: 120_000 },
    undefined,
    "the authority refused: http (ca.example: it answered 503)",
    120_000,
  ],
  [
    { type: "rateLimited", detail: "for ever", retryAfter: 1e20 },
    undefined,
    "rate limited by ca.example until 2026-03-02T10:00:00.000Z (for ever)",
    30 * 86_400_000,
  ],
  [
    { type: "connection", detail: "connection refused", transport: true },
    undefined,
    "cannot reach the authority at ca.example: it refused the connection; check tls.directory_url " +
    "and the firewall",
  ],
  [
    {
      type: "connection",
      detail: "client error (Connect): invalid peer certificate: UnknownIssuer",
      transport: true,
    },
    undefined,
    "cannot reach the authority at ca.example: its certificate is not trusted (UnknownIssuer); if it " +
    "is right, put the issuer's certificate into tls.directory_ca_file",
  ],
  [
    { type: "connection", detail: "no answer within 30 seconds", transport: true },
    undefined,
    "cannot reach the authority at ca.example: no answer within 30 seconds",
  ],
];

for (const [problem, domain, reason, retryAfter] of cases) {
  const where = problem.transport ? " on the way" : domain ? " for a domain" : "";
  Deno.test(`explained: ${problem.type}${where}, ${problem.detail.slice(0, 30)}`, () => {
    const context = { ...CONTEXT, ...(domain !== undefined && { domain }) };
    const failure = explainProblem(problem, context, NOW);
    assert.deepEqual([failure.reason, failure.retryAfterMs], [reason, retryAfter]);
  });
}
