import { join } from "node:path";
import type { PermissionNeeds } from "../permissions/needs.ts";

/** Milliseconds between two looks at a lock. */
const LOOK_INTERVAL = 50;
/** Milliseconds in which another successor may let go of its place in the queue. */
const QUEUE_TIMEOUT = 1_000;
/** Milliseconds that the owner of a port may take to hand it over; its own start may come first. */
const HANDOVER_TIMEOUT = 60_000;

/**
 * The right to a listening port, among processes that share a `state_dir`. It is two locked files,
 * and nothing is written to them: the system lets go of a lock when its process ends, however it does.
 *
 * - the owner's lock: whoever holds it has admin port, challenge port and certificate store
 * - the successor's lock: whoever holds it waits for the owner's, or has it and does not serve yet
 *
 * So the owner hands over in three steps: it finds the successor's lock held, it lets go of its own,
 * and it finds the successor's free again: the successor serves, or has died. Who died left the
 * owner's lock free, and the first process takes it back.
 */
export class PortLock implements Disposable {
  readonly #owner: Deno.FsFile;
  readonly #successor: Deno.FsFile;
  /** Whether the port was handed over, by a process that still listens on it. */
  readonly isHandedOver: boolean;

  private constructor({ owner, successor }: LockFiles, isHandedOver: boolean) {
    this.#owner = owner;
    this.#successor = successor;
    this.isHandedOver = isHandedOver;
  }

  /**
   * Becomes the owner of an address, and asks the process that is it to hand over.
   *
   * @param directory is made if it is missing
   * @param address host and port
   * @throws {Deno.errors.AddrInUse} when the owner does not, or another successor is in the way
   * @throws what the file system says when the lock files cannot be opened
   */
  static async take(directory: string, address: string): Promise<PortLock> {
    const files = await openLockFiles(directory, address);
    const { owner, successor } = files;
    try {
      if (owner.tryLockSync(true)) return new PortLock(files, false);
      if (!await becomes(() => successor.tryLockSync(true), QUEUE_TIMEOUT)) {
        throw new Deno.errors.AddrInUse("another start is taking over");
      }
      if (!await becomes(() => owner.tryLockSync(true), HANDOVER_TIMEOUT)) {
        throw new Deno.errors.AddrInUse("the process that has it does not hand over");
      }
      return new PortLock(files, true);
    } catch (error) {
      owner.close();
      successor.close();
      throw error;
    }
  }

  /** Whether a process has an address, and would be asked to hand over. */
  static isHeld(directory: string, address: string): boolean {
    try {
      using file = Deno.openSync(`${lockName(directory, address)}.lock`, { read: true });
      return !file.tryLockSync(false);
    } catch {
      return false;
    }
  }

  /** Whether a successor is there. */
  isWanted(): boolean {
    if (!this.#successor.tryLockSync(false)) return true;
    this.#successor.unlockSync();
    return false;
  }

  /** Tells the process that handed over that everything listens here. */
  serves(): void {
    this.#successor.unlockSync();
  }

  /**
   * Lets the successor have what only one process can have.
   *
   * @returns once it serves; false when it died before, and the lock is back here
   */
  async handOver(): Promise<boolean> {
    this.#owner.unlockSync();
    await becomes(() => !this.isWanted(), Infinity);
    return !this.#owner.tryLockSync(true);
  }

  [Symbol.dispose](): void {
    this.#owner.close();
    this.#successor.close();
  }
}

/** The permissions that the lock files take. */
export function portLockPermissions(
  directory: string | undefined,
): Pick<PermissionNeeds, "read" | "write"> {
  const directories = directory === undefined ? [] : [directory];
  return { read: directories, write: directories };
}

interface LockFiles {
  readonly owner: Deno.FsFile;
  readonly successor: Deno.FsFile;
}

async function openLockFiles(directory: string, address: string): Promise<LockFiles> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const name = lockName(directory, address);
  const options = { read: true, write: true, create: true, mode: 0o600 };
  const owner = await Deno.open(`${name}.lock`, options);
  try {
    return { owner, successor: await Deno.open(`${name}.successor.lock`, options) };
  } catch (error) {
    owner.close();
    throw error;
  }
}

/** What the lock files of an address are called, up to what tells them apart. */
function lockName(directory: string, address: string): string {
  return join(directory, address.replaceAll(/[^\w.-]/g, "_"));
}

/** Looks until something is so, and tells whether it came to be in time. */
async function becomes(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await new Promise((next) => setTimeout(next, LOOK_INTERVAL));
  }
  return true;
}
