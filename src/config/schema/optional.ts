import type { Row } from "./row.ts";

/** The same row for a variant that can do without the value. */
export function optional<R extends Row>(row: R): Omit<R, "required"> {
  const { required: _, ...rest } = row;
  return rest;
}

/** The same row for a nested table: it has no flag, and no value where nobody sets it. */
export function nested<R extends Row>(row: R): Omit<R, "required" | "default" | "flag"> {
  const { required: _, default: __, flag: ___, ...rest } = row;
  return rest;
}
