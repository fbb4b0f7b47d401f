import type { FromCredentialHolder } from "../credentials/messages.ts";
import type { Readers } from "./channel.ts";
import type { Supervisor } from "./messages.ts";
import { fields, number, text } from "./readers.ts";
import { recordReader } from "./request_record.ts";

/**
 * Checks what a request worker tells the supervisor. A worker faces the network: should it ever run
 * somebody else's code, what it says must neither end the supervisor nor fill its memory with labels
 * of metrics. Each reader throws what it expected.
 *
 * @param worker who tells, whatever it says itself
 */
export function supervisorReaders(worker: number): Readers<Supervisor> {
  const readRecord = recordReader(worker);
  return {
    requests(value) {
      const { inFlight, webSockets, records } = fields(value);
      if (!Array.isArray(records)) throw new TypeError("expected a list of records");
      return {
        worker,
        inFlight: number(inFlight),
        webSockets: number(webSockets),
        records: records.map(readRecord),
      };
    },
    credential: readCredentialMessage,
    listenerLost: text,
    certificateRefused: text,
    failed: text,
  };
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
