import { parseAzureCliToken } from "./azure_cli_output.ts";
import { firstLine } from "./entra_errors.ts";
import { NO_PERMISSIONS } from "../../permissions/needs.ts";
import {
  CredentialError,
  type CredentialProvider,
  type CredentialRequest,
  type ProvidedCredential,
  type Trouble,
} from "../provider.ts";
import { bearer } from "./bearer.ts";
import type { ProviderType } from "./provider_type.ts";

/** What the Azure CLI is asked for, as TOML spells it. */
export interface AzureCliKeys {
  readonly scope: string;
  /** @default {the tenant of the CLI's current subscription} */
  readonly tenant_id?: string | undefined;
}

const NAME = "azure_cli";

/** A program with its arguments. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * How `az` is run: on Windows it is a batch file, which only `cmd` can run.
 *
 * @param args arguments that hold nothing a shell would take as its own
 */
export function azCommand(args: readonly string[], os: typeof Deno.build.os): CommandLine {
  return os === "windows"
    ? { program: "cmd", args: ["/C", "az", ...args] }
    : { program: "az", args };
}

const PROGRAM = azCommand([], Deno.build.os).program;

/** The account that is logged in with the Azure CLI. */
export const azureCli: ProviderType<AzureCliKeys> = {
  permissions: () => ({ ...NO_PERMISSIONS, run: [PROGRAM] }),
  create: (keys) => new AzureCliProvider(keys),
  notHosted: "there is no az to run",
};

/**
 * Tokens of whoever has run `az login`. It runs `az` itself, because the library goes through a
 * shell, which `--allow-run=az` does not allow.
 * https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */
class AzureCliProvider implements CredentialProvider {
  readonly name = NAME;
  readonly #args: readonly string[];

  constructor({ scope, tenant_id: tenantId }: AzureCliKeys) {
    const tenant = tenantId === undefined ? [] : ["--tenant", tenantId];
    const args = ["account", "get-access-token", "--output", "json", "--scope", scope, ...tenant];
    this.#args = azCommand(args, Deno.build.os).args;
  }

  async get({ signal }: CredentialRequest): Promise<ProvidedCredential> {
    requireNoPrompt();
    const { success, stdout, stderr } = await this.#run(signal);
    signal.throwIfAborted();
    const decoder = new TextDecoder();
    if (!success) throw explain(decoder.decode(stderr), this.#args);
    const token = parseAzureCliToken(decoder.decode(stdout));
    if (token !== undefined) return bearer(token);
    throw new CredentialError("denied", `${NAME}: az printed no token; update the Azure CLI`);
  }

  /** Ends `az` when the attempt ends. */
  async #run(signal: AbortSignal): Promise<Deno.CommandOutput> {
    try {
      const command = new Deno.Command(PROGRAM, { args: [...this.#args], stdin: "null", signal });
      return await command.output();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw notInstalled();
      if (error instanceof Deno.errors.NotCapable) throw permissionMissing("denied");
      throw new CredentialError("denied", `${NAME}: az cannot be run: ${firstLine(String(error))}`);
    }
  }
}

/** Running what is not allowed asks at a terminal, which we never do. */
function requireNoPrompt(): void {
  const { state } = Deno.permissions.querySync({ name: "run", command: PROGRAM });
  if (state !== "granted" && Deno.stdin.isTerminal()) throw permissionMissing("unavailable");
}

/** At a terminal nobody can tell without a prompt whether `az` is there at all. */
function permissionMissing(trouble: Trouble): CredentialError {
  const message = `${NAME}: permission missing; start with --allow-run=${PROGRAM}, and with az ` +
    "installed";
  return new CredentialError(trouble, message);
}

function notInstalled(): CredentialError {
  const message = `${NAME}: az is not installed, or not on PATH; install the Azure CLI ` +
    "(https://aka.ms/azure-cli) and run az login";
  return new CredentialError("unavailable", message);
}

/** What `az` says when only a person can help, by logging in. */
const LOGIN_NEEDED =
  /az login|AADSTS(?:50058|50076|50078|50079|50173|70008|70043|70044|700082|700084|9002341)\b/;
const UNREACHABLE = /Max retries exceeded|Connection(?:Error| refused| aborted)|Name or service/i;
const NOT_FOUND = /is not recognized as an internal or external command/;

function explain(stderr: string, args: readonly string[]): CredentialError {
  if (NOT_FOUND.test(stderr)) return notInstalled();
  const code = /AADSTS\d+/.exec(stderr)?.[0];
  if (LOGIN_NEEDED.test(stderr)) {
    const tenant = args.includes("--tenant") ? ` --tenant ${args.at(-1)}` : "";
    const message = `${NAME}: nobody is logged in; run az login${tenant} as the proxy's user`;
    return new CredentialError("unavailable", code ? `${message} (${code})` : message);
  }
  const said = firstLine(/ERROR: *([^\r\n]+)/.exec(stderr)?.[1] ?? stderr.trim());
  if (UNREACHABLE.test(stderr)) {
    return new CredentialError("unreachable", `${NAME}: az cannot reach Entra ID: ${said}`);
  }
  return new CredentialError("denied", `${NAME}: az failed: ${said || "it printed nothing"}`);
}
