import assert from "node:assert/strict";
import { FRONT_END_HEADERS } from "../../../src/config/schema/front_end_headers.ts";
import { requestHeaderFilter } from "../../../src/proxy/headers.ts";
import { load, onlyComplaint } from "./loading.ts";

/** Whether a header crosses where nobody has set what is stripped. */
function crosses(name: string): boolean {
  const lines = requestHeaderFilter(FRONT_END_HEADERS)(new Headers([[name, "1"]]));
  return lines.some(([crossing]) => crossing === name);
}

/** As their vendors document them. */
const ADDED: Record<string, string[]> = {
  "any proxy": ["forwarded", "via", "x-forwarded-for", "x-forwarded-client-cert", "x-real-ip"],
  "Cloudflare": [
    ...[
      "cdn-loop",
      "cf-connecting-ip",
      "cf-connecting-ipv6",
      "cf-ew-via",
      "cf-ipcountry",
      "cf-ray",
    ],
    ...[
      "cf-pseudo-ipv4",
      "cf-visitor",
      "cf-worker",
      "true-client-ip",
      "cf-ipcity",
      "cf-iplatitude",
    ],
    ...["cf-bot-score", "cf-ja4", "cf-region", "cf-region-code", "cf-cert-issuer-dn-rfc2253"],
    ...["cf-access-jwt-assertion", "cf-access-authenticated-user-email"],
  ],
  "Azure Front Door": [
    ...["x-azure-clientip", "x-azure-socketip", "x-azure-ref", "x-azure-requestchain"],
    ...["x-azure-fdid", "x-fd-healthprobe"],
  ],
  "Application Gateway": ["x-original-host", "x-original-url", "x-appgw-trace-id"],
  "App Service": [
    ...["client-ip", "x-client-ip", "x-client-port", "disguised-host", "was-default-hostname"],
    ...["x-site-deployment-id", "x-arr-ssl", "x-arr-log-id", "x-arr-clientcert"],
    ...["x-appservice-proto", "x-waws-unencoded-url"],
  ],
  "App Service's authentication": [
    ...["x-ms-client-principal", "x-ms-client-principal-id", "x-ms-client-principal-name"],
    ...["x-ms-client-principal-idp", "x-ms-token-aad-id-token", "x-ms-token-aad-access-token"],
  ],
  "Container Apps": ["x-k8se-app-name", "x-ms-containerapp-name", "x-envoy-external-address"],
  "AWS": [
    ...["x-amzn-trace-id", "x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken"],
    ...["x-amzn-mtls-clientcert-leaf", "x-amzn-tls-version", "x-amzn-tls-cipher-suite"],
    ...["x-amz-cf-id", "cloudfront-viewer-address", "cloudfront-forwarded-proto"],
  ],
  "Google": [
    ...["x-cloud-trace-context", "x-goog-iap-jwt-assertion", "x-goog-authenticated-user-email"],
    ...["x-goog-authenticated-user-id", "x-appengine-country"],
  ],
};

for (const [frontEnd, names] of Object.entries(ADDED)) {
  Deno.test(`what ${frontEnd} adds does not cross`, () => {
    assert.deepEqual(names.filter(crosses), []);
  });
}

Deno.test("what clients mean crosses, though it looks like what front ends add", () => {
  const meant = [
    ...["x-ms-oai-image-generation-deployment", "x-ms-oai-anything", "x-ms-client-request-id"],
    ...["x-ms-useragent", "x-ms-date", "x-ms-version", "x-ms-return-client-request-id"],
    ...[
      "cf-aig-authorization",
      "cf-aig-metadata",
      "cf-access-client-id",
      "cf-access-client-secret",
    ],
    ...["x-goog-api-key", "x-goog-api-client", "x-goog-user-project", "x-amz-date"],
    ...["x-amz-security-token", "x-amz-content-sha256", "x-amzn-bedrock-trace", "traceparent"],
    ...[
      "tracestate",
      "x-request-id",
      "x-client-request-id",
      "x-client-name",
      "client",
      "session-id",
    ],
    ...["anthropic-beta", "x-stainless-lang", "openai-organization", "origin", "referer"],
  ];
  assert.deepEqual(meant.filter((name) => !crosses(name)), []);
});

Deno.test("the README names every entry of the default, and nothing else", async () => {
  const readme = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));
  const [section = ""] = /### Headers of front ends\n[^]*?(?=\n### )/.exec(readme) ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  const named = rows.flatMap((row) =>
    [...(row.split("|")[2] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  );
  assert.deepEqual(named.sort(), [...FRONT_END_HEADERS]);
});

Deno.test("names and beginnings of names can be set, in any letters", async () => {
  const { settings } = await load({
    toml: 'strip_request_headers = ["X-Mine", "x-ours-", "X-Theirs*", "a"]',
  });
  assert.deepEqual(settings.strip_request_headers, ["x-mine", "x-ours-", "x-theirs*", "a"]);
});

Deno.test("an entry that can match nothing people mean is refused", async () => {
  for (const entry of ["*", "x-*-a", "x**", "a b", "x:", "x-forwarded", "X-Ms", "cf", "x-envoy"]) {
    const complaint = await onlyComplaint({ toml: `strip_request_headers = ["${entry}"]` });
    assert.match(
      complaint,
      /item 1 of the list: expected the beginning of header names with - or \* at its end/,
    );
  }
});
