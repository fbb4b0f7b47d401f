import type { LogRecord } from "@logtape/logtape";
import { accessLog } from "../logging/logging.ts";
import type { RequestRecord } from "../ipc/messages.ts";

/** Writes one line for a request, and at level debug another with its headers. */
export function logRequest(record: RequestRecord): void {
  emit(record, "info", "request", {
    id: record.id,
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
  });
  if (record.headers === undefined) return;
  const { request, response } = record.headers;
  emit(record, "debug", "headers", { id: record.id, request, response });
}

/** A line carries the time of the request's end, not of its arrival here. */
function emit(
  { time }: RequestRecord,
  level: "info" | "debug",
  message: string,
  fields: Record<string, unknown>,
): void {
  const entry: LogRecord = {
    category: accessLog.category, // LogTape copies a record that lacks it, field by field.
    timestamp: time,
    level,
    message: [message],
    rawMessage: message,
    properties: fields,
  };
  accessLog.emit(entry);
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds && Math.round(milliseconds);
}
