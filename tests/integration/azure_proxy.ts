import assert from "node:assert/strict";
import { CLIENT_KEY, type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";

/** A tenant and an application that exist nowhere. */
export const TENANT = "11111111-2222-3333-4444-555555555555";
export const APPLICATION = "66666666-7777-8888-9999-000000000000";
export const SECRET = "not-a-secret~but-it-looks-like-one";

/** What `@azure/identity` needs beside the network. */
export const LIBRARY_PERMISSIONS = ["--allow-sys=osRelease", "--ignore-env"];

/** How a proxy with tokens is started. */
export interface AzureProxyOptions {
  upstreamUrl?: string;
  type: string;
  args?: string[];
  env?: Record<string, string>;
  /** Beside the network and files. @default {those of the library} */
  permissions?: string[];
}

/** Starts the real program with a type of upstream authentication that brings tokens. */
export function startAzureProxy(options: AzureProxyOptions): Promise<ProxyProcess> {
  return ProxyProcess.start(proxyOptions(options));
}

/** Starts it where it is to refuse, and returns what it says on standard error. */
export async function refusal(options: AzureProxyOptions): Promise<string> {
  await using proxy = await ProxyProcess.spawn(proxyOptions(options));
  assert.equal(await proxy.exit(), 2);
  return proxy.stderr.join("\n");
}

function proxyOptions(options: AzureProxyOptions): ProxyOptions {
  const { type, args = [], env = {}, permissions = LIBRARY_PERMISSIONS } = options;
  return {
    upstreamUrl: options.upstreamUrl ?? "http://127.0.0.1:9",
    upstreamKey: null,
    args: ["--upstream-auth-type", type, ...args],
    env,
    permissions: ["--allow-net", "--allow-read", ...permissions],
  };
}

/** The flags of an application of a tenant. */
export function applicationFlags(authority: string, secret: string | null = SECRET): string[] {
  return [
    ...["--azure-tenant-id", TENANT, "--azure-client-id", APPLICATION],
    ...["--azure-authority-host", authority],
    ...(secret === null ? [] : ["--azure-client-secret", secret]),
  ];
}

/** A request of a client that has the right key. */
export async function call(
  proxy: ProxyProcess,
  path = "/v1/messages",
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(proxy.url + path, {
    method: "POST",
    headers: { "x-api-key": CLIENT_KEY },
    body: "{}",
  });
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}
