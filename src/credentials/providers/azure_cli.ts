import { azNotInstalled, explainAz } from "./azure_cli_errors.ts";
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
  readonly #tenant: string | undefined;

  constructor({ scope, tenant_id: tenantId }: AzureCliKeys) {
    this.#tenant = tenantId;
    const tenant = tenantId === undefined ? [] : ["--tenant", tenantId];
    const args = ["account", "get-access-token", "--output", "json", "--scope", scope, ...tenant];
    this.#args = azCommand(args, Deno.build.os).args;
  }

  async get({ signal }: CredentialRequest): Promise<ProvidedCredential> {
    requireNoPrompt();
    const { success, stdout, stderr } = await this.#run(signal);
    signal.throwIfAborted();
    const decoder = new TextDecoder();
    if (!success) throw explainAz(decoder.decode(stderr), this.#tenant);
    const token = parseAzureCliToken(decoder.decode(stdout));
    if (typeof token !== "string") return bearer(token);
    throw new CredentialError(
      "denied",
      `${NAME}: az printed ${token}, expected JSON with a token; run az account get-access-token as ` +
        "the proxy's user, or update the Azure CLI",
    );
  }

  /** Ends `az` when the attempt ends. */
  async #run(signal: AbortSignal): Promise<Deno.CommandOutput> {
    try {
      const command = new Deno.Command(PROGRAM, { args: [...this.#args], stdin: "null", signal });
      return await command.output();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw azNotInstalled();
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
  const why = PROGRAM === "az" ? "" : ", since az is a batch file here";
  const message =
    `${NAME}: permission missing; start with --allow-run=${PROGRAM}${why}, and with ` +
    "az installed";
  return new CredentialError(trouble, message);
}
