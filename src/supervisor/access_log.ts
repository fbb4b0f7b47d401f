import { accessLog, type LogLevel } from "../logging/logger.ts";
import type { RequestRecord } from "../ipc/messages.ts";

/** Writes one line for a request, and at level debug another with its headers. */
export function logRequest(record: RequestRecord): void {
  const { time, id } = record;
  // A line carries the time of the request's end, not of its arrival here.
  accessLog.at(levelOf(record), "request", {
    id,
    worker: record.worker,
    client: record.client,
    method: record.method,
    path: record.path,
    dialect: record.dialect,
    status: record.status,
    first_byte_ms: rounded(record.firstByteMs),
    ms: rounded(record.totalMs),
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    aborted: record.aborted,
    upstream_id: record.upstreamRequestId,
    user_agent: record.userAgent,
    error: record.code,
    detail: record.detail,
  }, time);
  if (record.headers === undefined) return;
  const { request, response } = record.headers;
  accessLog.at("debug", "headers", { id, request, response }, time);
}

/** Our own endpoints that others ask every few seconds. */
const PROBES = new Set(["/healthz", "/readyz"]);

/** A fault of the proxy is an error, what failed a warning, a probe that is content no news. */
function levelOf({ code, status, dialect, path, aborted }: RequestRecord): LogLevel {
  if (code === "internal_error") return "error";
  if (status >= 500 || aborted === "upstream") return "warn";
  // Without a dialect they were not forwarded.
  const isProbe = dialect === undefined && path !== undefined && PROBES.has(path);
  return isProbe && status < 300 ? "debug" : "info";
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds && Math.round(milliseconds);
}
