import type { Checked, Kind } from "./kind.ts";

/** A word, or what `kind` allows: `"auto"` or a number. */
export function wordOr<const Word extends string, Value>(
  word: Word,
  kind: Kind<Value>,
): Kind<Word | Value> {
  return {
    check(value) {
      if (value === word) return { ok: true, value: word };
      const checked = kind.check(value);
      if (checked.ok) return checked;
      return { ok: false, message: checked.message.replace("expected", `expected "${word}" or`) };
    },
    fromText: kind.fromText,
    choices: [word],
  };
}

/** List of `item`; in a flag or a variable the items are separated by commas. */
export function listOf<Value>(item: Kind<Value>): Kind<Value[]> {
  return {
    check: (value) =>
      Array.isArray(value)
        ? all(value.map((element) => item.check(element)))
        : { ok: false, message: "expected a list" },
    fromText: (text) =>
      text.trim() === "" ? [] : text.split(",").map((part) => item.fromText(part.trim())),
    ...(item.echo === false && { echo: false }),
  };
}

/** The same list, with something in it and nothing twice. */
export function nonEmpty<Value>(list: Kind<Value[]>): Kind<Value[]> {
  return {
    ...list,
    check(value) {
      const checked = list.check(value);
      if (!checked.ok) return checked;
      if (checked.value.length === 0) return { ok: false, message: "expected at least one" };
      const isSet = new Set(checked.value).size === checked.value.length;
      return isSet ? checked : { ok: false, message: "expected each only once" };
    },
  };
}

function all<Value>(checked: readonly Checked<Value>[]): Checked<Value[]> {
  const values: Value[] = [];
  for (const one of checked) {
    if (!one.ok) return { ok: false, message: `in the list: ${one.message}` };
    values.push(one.value);
  }
  return { ok: true, value: values };
}
