import { type Bytes, concatBytes, toBytes } from "../../kit/http1/bytes.ts";
import type { HeaderList } from "../../kit/http1/message_head.ts";
import { type Defect, inRequest, inResponse } from "./defects.ts";

export type { Defect } from "./defects.ts";

/** A request as it is to be written. */
export interface SentRequest {
  method: string;
  target: string;
  version: string;
  /** Framing included. */
  headers: HeaderList;
  /** As framed. */
  body: Bytes;
}

/** A response as the upstream is to write it. */
export interface SentResponse {
  status: number;
  reason: string;
  /** Framing included. */
  headers: HeaderList;
  /** Whole heads of 1xx responses before it. */
  interim: string;
  /** As framed. */
  body: Bytes;
  /** Whether the upstream closes the connection after it. */
  closes: boolean;
}

/** One exchange. */
export interface Case {
  request: SentRequest;
  response: SentResponse;
  /** What is wrong with one of the two, if anything. */
  defect?: Defect;
  /** Whether it may go over the connection of the one before. */
  reuses: boolean;
}

/** The bytes on the client's connection. */
export function requestBytes({ request, defect }: Case): Bytes {
  const { method, target, version, headers, body } = request;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${method} ${target} ${version}\r\n${lines}\r\n`;
  return concatBytes([toBytes(defect ? inRequest(defect, head) : head), body]);
}

/** The bytes on the upstream's connection. */
export function responseBytes({ request, response, defect }: Case): Bytes {
  const { status, reason, headers, interim, body } = response;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `HTTP/1.1 ${status} ${reason}\r\nX-Upstream: 1\r\n${lines}\r\n`;
  // In answer to HEAD, nginx would leave the client waiting for the rest.
  const before = request.method === "HEAD" ? "" : interim;
  const sent = toBytes(before + (defect ? inResponse(defect, head) : head));
  return concatBytes([sent, isBodiless(request.method, status) ? new Uint8Array() : body]);
}

/** RFC 9112 §6.3. */
function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}
