import { type HeaderList, headerValues } from "../../kit/http1/message_head.ts";
import { CREDENTIALS, HOP_BY_HOP, trim } from "../properties/documented.ts";

/** The same lines; names that only one of the two has stay at the end. */
export function inOrderOf(lines: HeaderList, ours: HeaderList): HeaderList {
  const position = (name: string) => {
    const at = ours.findIndex(([given]) => given === name);
    return at === -1 ? ours.length : at;
  };
  return lines.toSorted(([a], [b]) => position(a) - position(b));
}

/** Names in lower case, and values without blanks around them. */
export function inLowerCase(lines: HeaderList): HeaderList {
  return lines.map(([name, value]) => [name.toLowerCase(), trim(value)]);
}

/** One line a name, as iterating `Headers` joins them; Set-Cookie lines stay apart. */
export function joined(lines: HeaderList, cookieSeparator: string): HeaderList {
  const names = [...new Set(lines.map(([name]) => name))];
  return names.flatMap((name): HeaderList => {
    const values = headerValues(lines, name);
    if (name === "set-cookie") return values.map((value) => [name, value]);
    if (name === "cookie") return [[name, trim(values.join(cookieSeparator))]];
    const first = values.findIndex((value) => value !== "");
    return [[name, trim(values.slice(first === -1 ? -1 : first).join(", "))]];
  });
}

/** What is not hop-by-hop; `sent` says what Connection lists. */
export function withoutHopByHop(lines: HeaderList, sent: HeaderList): HeaderList {
  const listed = headerValues(sent, "connection").join().split(",").map((name) =>
    name.trim().toLowerCase()
  );
  const own = ["connection", "transfer-encoding", ...CREDENTIALS];
  return lines.filter(([name]) =>
    own.includes(name) || !HOP_BY_HOP.test(name) && !listed.includes(name)
  );
}

/** Whether there is such a line. */
export function has(lines: HeaderList, name: string): boolean {
  return lines.some(([given]) => given === name);
}

/** The lines of a name. */
export function of(lines: HeaderList, name: string): HeaderList {
  return lines.filter(([given]) => given === name);
}

/** The lines of all other names. */
export function without(lines: HeaderList, name: string): HeaderList {
  return lines.filter(([given]) => given !== name);
}

/** Whether nginx and the proxy may take another line for the key. */
export function isAmbiguous(lines: HeaderList, name: string): boolean {
  return headerValues(lines, name).length > 1 || (name === "x-api-key" && hasUnderscoredKey(lines));
}

/** Whether there is a line that nginx cannot tell from x-api-key. */
export function hasUnderscoredKey(lines: HeaderList): boolean {
  return lines.some(([name]) => /^x_api_key$/i.test(name));
}
