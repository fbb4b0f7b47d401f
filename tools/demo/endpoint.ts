import type { Dialect } from "../../src/clients/dialect.ts";
import type { StreamEvent } from "./event_stream.ts";
import type { Ask, Reply } from "./reply.ts";

/** One operation of a model API: how its request is read and its answer written. */
export interface Endpoint {
  dialect: Dialect;
  /**
   * Reads a request body.
   *
   * @throws {v.ValiError} where the body is not what the API takes
   */
  read(body: unknown): Ask;
  /** The answer as one JSON object. */
  whole(ask: Ask, reply: Reply): object;
  /** The answer as a stream of events, where the operation can stream. */
  events?(ask: Ask, reply: Reply): Iterable<StreamEvent>;
}
