import type { LoggingSettings } from "../config/schema/settings.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";

/** The permissions that writing, rotating and deleting log files takes. */
export function loggingPermissions(
  { log_path: path }: LoggingSettings,
): Pick<PermissionNeeds, "read" | "write"> {
  const directories = path === undefined ? [] : [path];
  return { read: directories, write: directories };
}
