import type { Settings } from "../config/schema/settings.ts";
import { log } from "../logging/logger.ts";
import { netAddress } from "../net/address.ts";
import { cannotListen, handsOver, listeningAddress } from "./listening_address.ts";
import { PortLock } from "./port_lock.ts";

/** Milliseconds between two looks for a successor. */
const WATCH_INTERVAL = 100;

/**
 * Gets the right to the address to listen on, from the process that has it if there is one. Where the
 * directory cannot be used, the start goes on without.
 *
 * @throws {StartError} when it is not to be had
 */
export async function takePort(settings: Settings): Promise<PortLock | undefined> {
  const { state_dir: directory } = settings;
  if (directory === undefined || !handsOver(settings)) return undefined;
  const address = listeningAddress(settings);
  try {
    const lock = await PortLock.take(directory, netAddress(address.hostname, address.port));
    if (lock.isHandedOver) log.info("taking over from the process that listens");
    return lock;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw cannotListen(address, error);
    log.warn("state_dir cannot be used: no other start can take over from this one", {
      directory,
      reason: String(error),
    });
    return undefined;
  }
}

/** Whether a process runs that a start would take over from. */
export function hasPredecessor(settings: Settings): boolean {
  const { state_dir: directory } = settings;
  if (directory === undefined || !handsOver(settings)) return false;
  const { hostname, port } = listeningAddress(settings);
  return PortLock.isHeld(directory, netAddress(hostname, port));
}

/** Why a process ends that has handed over. */
export type Successor = "successor";

/** What a process does when it hands over. */
export interface HandoverParts {
  /** Gives up what only one process can have. */
  readonly release: () => Promise<void>;
  /** Takes it back: the successor has died. */
  readonly resume: () => void;
}

/** The owner's side: it looks for a successor, and hands over to the one that comes. */
export class Handover implements Disposable {
  readonly #lock: PortLock;
  readonly #parts: HandoverParts;
  readonly #done = Promise.withResolvers<Successor>();
  #underWay: Promise<boolean> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to look at once: everything listens. */
  constructor(lock: PortLock, parts: HandoverParts) {
    this.#lock = lock;
    this.#parts = parts;
    lock.serves();
    void this.#watch();
  }

  /** Resolves once a successor serves. */
  get done(): Promise<Successor> {
    return this.#done.promise;
  }

  /** Whether a successor serves. If one is there that does not yet, that is waited for. */
  succeeded(): Promise<boolean> {
    if (this.#underWay !== undefined) return this.#underWay;
    if (!this.#lock.isWanted()) return Promise.resolve(false);
    return this.#underWay = this.#handOver();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #watch(): Promise<void> {
    if (await this.succeeded()) return this.#done.resolve("successor");
    this.#timer = setTimeout(() => void this.#watch(), WATCH_INTERVAL);
  }

  async #handOver(): Promise<boolean> {
    log.info("a successor starts: handing over");
    await this.#parts.release();
    if (await this.#lock.handOver()) return true;
    log.error("the successor did not start: serving on");
    this.#underWay = undefined;
    try {
      this.#parts.resume();
    } catch (error) {
      log.error("what was handed over cannot be taken back", { reason: String(error) });
    }
    return false;
  }
}
