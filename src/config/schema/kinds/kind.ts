import * as v from "valibot";

/** What a setting's value may be, and how text from a flag or a variable becomes one. */
export interface Kind<Value> {
  /** Checks a value of TOML's shape. */
  readonly check: (value: unknown) => Checked<Value>;
  /** TOML's shape of a flag's or variable's text; text it cannot read stays as it is. */
  readonly fromText: (text: string) => unknown;
  /** The words allowed, where there is a closed list of them. */
  readonly choices?: readonly string[];
  /** False where a wrong value may hold a credential and must not be repeated. */
  readonly echo?: false;
}

/** Outcome of a check; the message says what was expected and never repeats the value. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

/** Kind whose values a valibot schema checks; later checks may rely on earlier ones. */
export function kindOf<Value>(
  schema: v.GenericSchema<unknown, Value>,
  more: Partial<Omit<Kind<Value>, "check">> = {},
): Kind<Value> {
  return {
    check(value) {
      const result = v.safeParse(schema, value, { abortPipeEarly: true });
      if (result.success) return { ok: true, value: result.output };
      return { ok: false, message: result.issues[0].message };
    },
    fromText: (text) => text,
    ...more,
  };
}
