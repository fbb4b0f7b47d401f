import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

/** Part of a file name: no directory, nothing that a file system or a shell trips over. */
export function fileNamePart(): Kind<string> {
  const expected = "expected part of a file name: letters, digits, dots, hyphens and underscores";
  return kindOf(v.pipe(v.string(expected), v.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, expected)));
}
