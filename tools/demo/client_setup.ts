import type { Screen } from "./screen.ts";

/**
 * How to point real clients at the demo's proxy, ready to paste.
 *
 * @param screen Gives the headings their look.
 * @param proxyUrl `http://127.0.0.1:PORT`
 * @param clientKey The key the proxy takes.
 */
export function clientSetup(screen: Screen, proxyUrl: string, clientKey: string): string {
  return `${screen.bold("Try it yourself, from another terminal")}

  ${screen.dim("curl")}
  curl -N ${proxyUrl}/anthropic/v1/messages \\
    -H 'x-api-key: ${clientKey}' -H 'anthropic-version: 2023-06-01' \\
    -H 'content-type: application/json' \\
    -d '{"model":"claude-demo","max_tokens":1024,"stream":true,"messages":[{"role":"user","content":"Hello!"}]}'

  ${screen.dim("Claude Code")}
  ANTHROPIC_BASE_URL=${proxyUrl}/anthropic ANTHROPIC_AUTH_TOKEN=${clientKey} claude

  ${screen.dim("Codex, in ~/.codex/config.toml, then: DEMO_CLIENT_KEY=" + clientKey + " codex")}
  model = "gpt-demo"
  model_provider = "claude-proxy"

  [model_providers.claude-proxy]
  name = "claude-proxy"
  base_url = "${proxyUrl}/openai/v1"
  wire_api = "responses"
  env_key = "DEMO_CLIENT_KEY"
`;
}
