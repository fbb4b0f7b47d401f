import type { Row } from "../row.ts";

/** The same row for a variant that can do without the value. */
export function optional<R extends Row>(row: R): Omit<R, "required"> {
  const { required: _, ...rest } = row;
  return rest;
}
