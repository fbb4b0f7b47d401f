import { latin1Bytes } from "../../kit/http1/bytes.ts";
import type { Case, SentRequest, SentResponse } from "./cases.ts";
import { type Defect, DEFECTS } from "./defects.ts";

/** One exchange for each defect, with nothing else wrong or odd. */
export function defectiveCases(): Case[] {
  return DEFECTS.map((defect) => {
    const inRequest = defect.startsWith("request: ");
    return {
      request: { ...PLAIN_REQUEST, ...(inRequest && unframed(defect)) },
      response: { ...PLAIN_RESPONSE, ...(!inRequest && { ...unframed(defect), closes: true }) },
      defect,
      reuses: false,
    };
  });
}

const PLAIN_REQUEST: SentRequest = {
  method: "POST",
  target: "/v1/messages",
  version: "HTTP/1.1",
  headers: [["Host", "localhost"], ["Content-Length", "2"]],
  body: latin1Bytes("{}"),
};

const PLAIN_RESPONSE: SentResponse = {
  status: 200,
  reason: "OK",
  headers: [["Content-Length", "2"]],
  interim: "",
  body: latin1Bytes("ok"),
  closes: false,
};

/** A defect of the framing stands alone, with a body that ends where each of its readings ends. */
function unframed(defect: Defect): Partial<Pick<SentRequest, "headers" | "body">> {
  if (!/length|coding/.test(defect)) return {};
  const body = /chunked|coding/.test(defect) ? latin1Bytes("0\r\n\r\n") : new Uint8Array();
  return { headers: [["Host", "localhost"]], body };
}
