/** What may be wrong with one exchange. */
export type Defect = keyof typeof REQUEST_DEFECTS | keyof typeof RESPONSE_DEFECTS;

const insertLine = (line: string) => (head: string) =>
  head.replace(/\r\n\r\n$/, `\r\n${line}\r\n\r\n`);

/** Ways to write a request's head that RFC 9112 does not allow, or allows a server to refuse. */
const REQUEST_DEFECTS = {
  "request: bare LF": (head: string) => head.replaceAll("\r\n", "\n"),
  "request: bare CR": insertLine("X-Cr: a\rb"),
  "request: space before the colon": insertLine("X-Space : a"),
  "request: space in a name": insertLine("X Space: a"),
  "request: folded line": insertLine("X-Fold: a\r\n b"),
  "request: folded first line": (head: string) => head.replace("\r\n", "\r\n X-First: a\r\n"),
  "request: no colon": insertLine("X-None"),
  "request: empty name": insertLine(": a"),
  "request: NUL in a value": insertLine("X-Nul: a\x00b"),
  "request: control in a value": insertLine("X-Ctl: a\x01b"),
  "request: non-ASCII name": insertLine("X-\xe9: a"),
  "request: odd name": insertLine('X-(")[]: a'),
  "request: leading CRLF": (head: string) => `\r\n${head}`,
  "request: two spaces": (head: string) => head.replace(" ", "  "),
  "request: no version": (head: string) => head.replace(/ HTTP\/1\.[01]/, ""),
  "request: HTTP/1.2": (head: string) => head.replace(/HTTP\/1\.[01]/, "HTTP/1.2"),
  "request: HTTP/2.0": (head: string) => head.replace(/HTTP\/1\.[01]/, "HTTP/2.0"),
  "request: lower-case http": (head: string) => head.replace("HTTP/", "http/"),
  "request: no Host": (head: string) => head.replace(/Host: [^\r]*\r\n/, ""),
  "request: two Hosts": insertLine("Host: other.example"),
  "request: odd Host": (head: string) => head.replace(/Host: [^\r]*/, "Host: h/x?y"),
  "request: empty Host": (head: string) => head.replace(/Host: [^\r]*/, "Host:"),
  "request: length with a sign": insertLine("Content-Length: +0"),
  "request: length that is none": insertLine("Content-Length: x"),
  "request: two lengths": insertLine("Content-Length: 0\r\nContent-Length: 1"),
  "request: length twice": insertLine("Content-Length: 0\r\nContent-Length: 0"),
  "request: length list": insertLine("Content-Length: 0, 0"),
  "request: length and chunked": insertLine("Content-Length: 5\r\nTransfer-Encoding: chunked"),
  "request: unknown transfer coding": insertLine("Transfer-Encoding: gzip"),
  "request: two transfer codings": insertLine("Transfer-Encoding: gzip, chunked"),
  "request: identity transfer coding": insertLine("Transfer-Encoding: identity"),
  "request: long head": insertLine(`X-Long: ${"l".repeat(70_000)}`),
  "request: many lines": insertLine(Array(200).fill("X-Many: m").join("\r\n")),
};

/** Ways to write a response that RFC 9112 does not allow, or that a proxy may well refuse. */
const RESPONSE_DEFECTS = {
  "response: bare LF": (head: string) => head.replaceAll("\r\n", "\n"),
  "response: folded line": insertLine("X-Fold: a\r\n b"),
  "response: space before the colon": insertLine("X-Space : a"),
  "response: no colon": insertLine("X-None"),
  "response: NUL in a value": insertLine("X-Nul: a\x00b"),
  "response: control in a value": insertLine("X-Ctl: a\x01b"),
  "response: non-ASCII name": insertLine("X-\xe9: a"),
  "response: no reason": (head: string) => head.replace(/^(HTTP\/1\.1 \d+) [^\r]*/, "$1"),
  "response: HTTP/1.0": (head: string) => head.replace("HTTP/1.1", "HTTP/1.0"),
  "response: HTTP/2.0": (head: string) => head.replace("HTTP/1.1", "HTTP/2.0"),
  "response: status 99": (head: string) => head.replace(/ \d+ /, " 99 "),
  "response: status 600": (head: string) => head.replace(/ \d+ /, " 600 "),
  "response: status 1000": (head: string) => head.replace(/ \d+ /, " 1000 "),
  "response: no status line": (head: string) => head.replace("HTTP/1.1 ", ""),
  "response: length that is none": insertLine("Content-Length: x"),
  "response: two lengths": insertLine("Content-Length: 0\r\nContent-Length: 1"),
  "response: length and chunked": insertLine("Content-Length: 5\r\nTransfer-Encoding: chunked"),
  "response: unknown transfer coding": insertLine("Transfer-Encoding: gzip"),
  "response: long head": insertLine(`X-Long: ${"l".repeat(70_000)}`),
  "response: many lines": insertLine(Array(200).fill("X-Many: m").join("\r\n")),
};

/** Every one of them. */
export const DEFECTS = [
  ...Object.keys(REQUEST_DEFECTS),
  ...Object.keys(RESPONSE_DEFECTS),
] as readonly Defect[];

/** A request's head with the defect, if it is one of a request's. */
export function inRequest(defect: Defect, head: string): string {
  return defect in REQUEST_DEFECTS
    ? REQUEST_DEFECTS[defect as keyof typeof REQUEST_DEFECTS](head)
    : head;
}

/** A response's head with the defect, if it is one of a response's. */
export function inResponse(defect: Defect, head: string): string {
  return defect in RESPONSE_DEFECTS
    ? RESPONSE_DEFECTS[defect as keyof typeof RESPONSE_DEFECTS](head)
    : head;
}
