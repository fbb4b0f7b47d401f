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

/** One `item` or a list of them, a list afterwards; in a flag or a variable a list is JSON. */
export function oneOrMany<Value>(item: Kind<Value>): Kind<Value[]> {
  const list = listOf(item);
  return {
    check(value) {
      if (!Array.isArray(value)) {
        const checked = item.check(value);
        return checked.ok ? { ok: true, value: [checked.value] } : checked;
      }
      if (value.length > 0) return list.check(value);
      return { ok: false, message: "expected one, or a list with at least one" };
    },
    fromText: (text) => jsonList(text) ?? item.fromText(text),
    ...(item.echo === false && { echo: false }),
  };
}

function jsonList(text: string): unknown[] | undefined {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function all<Value>(checked: readonly Checked<Value>[]): Checked<Value[]> {
  const values: Value[] = [];
  for (const [index, one] of checked.entries()) {
    if (!one.ok) return { ok: false, message: `item ${index + 1} of the list: ${one.message}` };
    values.push(one.value);
  }
  return { ok: true, value: values };
}
