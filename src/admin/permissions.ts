import type { AdminSettings } from "../config/schema/settings.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";
import { netAddress } from "../net/address.ts";

/** The permissions that the admin listener takes. */
export function adminPermissions(
  { bind_address: host, port }: AdminSettings,
): Pick<PermissionNeeds, "net"> {
  return { net: port === undefined ? [] : [netAddress(host, port)] };
}
