import type { FromCredentialHolder } from "../credentials/messages.ts";
import type { Readers } from "./channel.ts";
import type { Supervisor } from "./messages.ts";
import { MessageBudget } from "./message_budget.ts";
import { count, fields, line, list, number, type Reader } from "./readers.ts";
import {
  MOST_COST,
  MOST_RECORDS,
  recordCost,
  recordReader,
  type RequestRecord,
} from "./request_record.ts";

/**
 * A worker of ours says the same of credentials fifty times a second at most, and once a second that its
 * listener was lost, see `worker/paced.ts`; what else is counted it says a few times an hour. Reports are
 * not counted: each waits for the last.
 */
const ALLOWANCE = { perSecond: 1_000, saved: 10_000 };
/** What a message counts for that becomes a line of the log. */
const LOGGED_COST = 100;

/**
 * Checks what a request worker tells the supervisor. A worker faces the network: should it ever run
 * somebody else's code, what it says must neither end the supervisor nor fill its memory with labels
 * of metrics. Each reader throws what it expected.
 *
 * @param worker who tells, whatever it says itself
 */
export function supervisorReaders(worker: number): Readers<Supervisor> {
  const readRecords = list(recordReader(worker), MOST_RECORDS);
  const budget = new MessageBudget(ALLOWANCE);
  const spending = <T>(cost: number, read: Reader<T>): Reader<T> => (value) => {
    budget.spend(cost);
    return read(value);
  };
  const logged = spending(LOGGED_COST, line);
  return {
    requests(value) {
      const { inFlight, webSockets, lost, records } = fields(value);
      return {
        worker,
        inFlight: count(inFlight),
        webSockets: count(webSockets),
        lost: count(lost),
        records: affordable(readRecords(records)),
      };
    },
    credential: spending(1, readCredentialMessage),
    listenerLost: logged,
    certificateRefused: logged,
    failed: logged,
  };
}

/** Headers that a worker of ours would send in several reports are too many for one. */
function affordable(records: RequestRecord[]): RequestRecord[] {
  const cost = records.reduce((sum, record) => sum + recordCost(record), 0);
  if (records.length > 1 && cost > MOST_COST) throw new TypeError("expected shorter records");
  return records;
}

function readCredentialMessage(value: unknown): FromCredentialHolder {
  const { type, id, status } = fields(value);
  switch (type) {
    case "credential_wanted":
      return { type };
    case "credential_refused":
      return { type, id: number(id), status: refusal(status) };
    default:
      throw new TypeError("expected a message of credentials");
  }
}

const refusal: Reader<number> = (value) => {
  if (value !== 401 && value !== 403) throw new TypeError("expected 401 or 403");
  return value;
};
