/**
 * A worker that starts, shows that it lives, and never does anything else it is told.
 *
 * @module
 */
import type { RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";
import { IDLE } from "./idle.ts";

const forEver = () => new Promise<never>(() => {});

supervisorChannel<Supervisor, RequestWorker>({
  ...IDLE,
  reload: forEver,
  certificate: forEver,
});
