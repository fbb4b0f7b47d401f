import { whyUnreadable } from "../../permissions/unreadable.ts";
import { CredentialError } from "../provider.ts";

/**
 * Reads a file that a setting names.
 *
 * @throws {CredentialError} `denied`, with the setting's name and what is wrong with the file
 */
export async function readSecretFile(
  provider: string,
  setting: string,
  path: string,
): Promise<string> {
  try {
    const text = (await Deno.readTextFile(path)).trim();
    if (text !== "") return text;
    throw new CredentialError("denied", `${provider}: ${setting} "${path}": is empty`);
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    const reason = whyUnreadable(path, error);
    throw new CredentialError("denied", `${provider}: ${setting} "${path}": ${reason}`);
  }
}
