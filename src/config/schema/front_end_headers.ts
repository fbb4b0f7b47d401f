/**
 * What front ends add to requests on their way here, as `strip_request_headers` names it: an upstream
 * behind Cloudflare refuses some of it, and all of it tells of clients and of our network.
 *
 * Only what vendors document, with the page that does; where a page names examples, what their front
 * ends are seen to send stands beside it. Nothing that clients mean: `x-ms-oai-*` and
 * `x-ms-client-request-id` are Azure's SDKs', `cf-aig-*` is for Cloudflare's AI Gateway,
 * `cf-access-client-*` a client's login, `x-goog-api-key` a key, `x-amzn-bedrock-*` a model's
 * parameters, `traceparent` and `x-request-id` a client's own ids.
 *
 * @module
 */

/**
 * RFC 7239, RFC 9110 section 7.6.3, and the names that were in use before them.
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
 */
const ANY = ["forwarded", "via", "x-forwarded-", "x-real-ip"];

/**
 * - https://developers.cloudflare.com/fundamentals/reference/http-headers/
 * - https://developers.cloudflare.com/rules/transform/managed-transforms/reference/
 * - https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
 */
const CLOUDFLARE = [
  "cdn-loop",
  "cf-access-authenticated-user-email",
  "cf-access-jwt-assertion",
  "cf-bot-score",
  "cf-cert-",
  "cf-connecting-",
  "cf-ew-via",
  "cf-ip*",
  "cf-ja3-hash",
  "cf-ja4",
  "cf-metro-code",
  "cf-postal-code",
  "cf-pseudo-ipv4",
  "cf-ray",
  "cf-region*",
  "cf-timezone",
  "cf-verified-bot",
  "cf-visitor",
  "cf-worker",
  "exposed-credential-check",
  "malicious-uploads-detection",
  "true-client-ip",
];

/**
 * - https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol
 * - https://learn.microsoft.com/azure/application-gateway/how-application-gateway-works
 */
const AZURE_FRONT_DOOR = [
  "x-appgw-trace-id",
  "x-azure-",
  "x-fd-",
  "x-original-host",
  "x-original-url",
];

/**
 * - https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
 * - https://learn.microsoft.com/azure/app-service/app-service-web-configure-tls-mutual-auth
 * - https://github.com/MicrosoftDocs/azure-docs/blob/main/articles/app-service/reference-app-settings.md
 *   lists the others in a comment of its source.
 */
const AZURE_APP_SERVICE = [
  "client-ip",
  "disguised-host",
  "was-default-hostname",
  "x-appservice-",
  "x-arr-",
  "x-client-ip",
  "x-client-port",
  "x-ms-client-display-name",
  "x-ms-client-principal*",
  "x-ms-token-",
  "x-site-deployment-id",
  "x-waws-unencoded-url",
];

/**
 * - https://learn.microsoft.com/azure/container-apps/ingress-overview, whose ingress is Envoy and adds
 *   the app's name and revision
 * - https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers
 */
const CONTAINER_APPS_AND_ENVOY = ["x-envoy-", "x-k8se-", "x-ms-containerapp-"];

/**
 * - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
 * - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 * - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
 * - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
 * - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
 * - https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html
 */
const AWS = [
  "cloudfront-",
  "x-amz-cf-id",
  "x-amzn-apigateway-api-id",
  "x-amzn-mtls-",
  "x-amzn-oidc-",
  "x-amzn-tls-",
  "x-amzn-trace-id",
];

/**
 * - https://cloud.google.com/load-balancing/docs/https#target-proxies
 * - https://cloud.google.com/iap/docs/identity-howto
 * - https://cloud.google.com/iap/docs/signed-headers-howto
 * - https://cloud.google.com/appengine/docs/standard/reference/request-headers
 */
const GOOGLE = [
  "x-appengine-",
  "x-cloud-trace-context",
  "x-goog-authenticated-user-",
  "x-goog-iap-",
];

/** All of them, sorted. */
export const FRONT_END_HEADERS: readonly string[] = [
  ...ANY,
  ...CLOUDFLARE,
  ...AZURE_FRONT_DOOR,
  ...AZURE_APP_SERVICE,
  ...CONTAINER_APPS_AND_ENVOY,
  ...AWS,
  ...GOOGLE,
].sort();
