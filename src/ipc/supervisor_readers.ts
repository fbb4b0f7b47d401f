import type { FromCredentialHolder } from "../credentials/messages.ts";
import { isErrorCode } from "../proxy/answers.ts";
import type { Readers } from "./channel.ts";
import type { RequestRecord, Supervisor } from "./messages.ts";
import { fields, number, oneOf, optional, type Reader, text } from "./readers.ts";

/** One reader for each field of a record. */
type RecordReaders = {
  readonly [Name in keyof Required<RequestRecord>]: Reader<RequestRecord[Name]>;
};

/**
 * Checks what a request worker tells the supervisor. A worker faces the network: should it ever run
 * somebody else's code, what it says must neither end the supervisor nor fill its memory with labels
 * of metrics. Each reader throws what it expected.
 *
 * @param worker who tells, whatever it says itself
 */
export function supervisorReaders(worker: number): Readers<Supervisor> {
  const record = Object.entries({ ...RECORD, worker: () => worker });
  return {
    requests(value) {
      const { inFlight, records } = fields(value);
      if (!Array.isArray(records)) throw new TypeError("expected a list of records");
      return {
        worker,
        inFlight: number(inFlight),
        records: records.map((value) => readRecord(value, record)),
      };
    },
    credential: readCredentialMessage,
    listenerLost: text,
    certificateRefused: text,
    failed: text,
  };
}

const DIALECTS = ["anthropic", "openai"] as const;
const VERDICTS = ["authenticated", "anonymous", "denied"] as const;
const ABORTED = ["client", "proxy"] as const;

const RECORD: Omit<RecordReaders, "worker"> = {
  time: number,
  id: text,
  method: text,
  path: optional(text),
  dialect: optional(oneOf(DIALECTS)),
  status,
  firstByteMs: optional(number),
  totalMs: number,
  requestBytes: optional(number),
  responseBytes: optional(number),
  client: optional(oneOf(VERDICTS)),
  aborted: optional(oneOf(ABORTED)),
  upstreamRequestId: optional(text),
  userAgent: optional(text),
  code: optional((value) => isErrorCode(text(value)) ? text(value) : "other"),
  detail: optional(text),
  headers: optional((value) => {
    const { request, response } = fields(value);
    return { request: texts(request), response: texts(response) };
  }),
};

function readRecord(value: unknown, readers: readonly [string, Reader<unknown>][]): RequestRecord {
  const given = fields(value);
  const record: Record<string, unknown> = {};
  for (const [name, read] of readers) record[name] = read(given[name]);
  return record as unknown as RequestRecord;
}

function readCredentialMessage(value: unknown): FromCredentialHolder {
  const { type, id, status } = fields(value);
  switch (type) {
    case "credential_wanted":
      return { type };
    case "credential_refused":
      return { type, id: number(id), status: number(status) };
    default:
      throw new TypeError("expected a message of credentials");
  }
}

function status(value: unknown): number {
  const found = number(value);
  if (found < 100 || found > 999) throw new TypeError("expected a status");
  return found;
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(fields(value)).map(([name, one]) => [name, text(one)]));
}
