import { TemporaryDirectory } from "../process/temporary_directory.ts";
import type { NeededProgram } from "../process/programs.ts";
import { withDeadline } from "../time/deadline.ts";

/** For `programTest`: Linux, as root. */
export const SYSTEMD_AS_INIT: NeededProgram[] = [
  { program: "systemd-analyze", install: "apt-get install systemd" },
  { program: "nsenter", install: "apt-get install util-linux" },
  ...(Deno.build.os === "linux" && Deno.uid() === 0
    ? []
    : [{ program: "root", install: "run the tests as root" }]),
];

/** What is put over this machine's files, and where. */
export interface MachineFiles {
  /** A directory whose content goes over the root. */
  readonly over: string;
  /** What is shown at other places, and cannot be changed there: from, to. */
  readonly bound: readonly (readonly [from: string, to: string])[];
}

/**
 * Makes another machine of this one: its files in an overlay that is thrown away, with `/run`,
 * `/tmp` and `/dev` of its own, no unit enabled, and processes of its own, of which systemd is the
 * first. Only the network is shared. Arguments: a directory to mount on, a control group, what goes
 * over the root, and pairs to bind.
 */
const BOOT = `
  echo $$ >"$2/cgroup.procs"
  exec unshare --fork --kill-child --pid --mount --cgroup --uts --ipc sh -e -c '
    at=$1 over=$3
    shift 3
    mount --make-rprivate /
    mount -t tmpfs tmpfs "$at"
    mkdir "$at/upper" "$at/work" "$at/root"
    mount -t overlay -o "lowerdir=/,upperdir=$at/upper,workdir=$at/work" overlay "$at/root"
    root=$at/root
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    for name in run tmp dev; do mount -t tmpfs -o mode=1777 tmpfs "$root/$name"; done
    for name in null zero full random urandom tty; do cp -a "/dev/$name" "$root/dev/"; done
    ln -s /proc/self/fd "$root/dev/fd"
    mkdir -m 1777 "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue"
    mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    rm -rf "$root"/etc/systemd/system/*.wants
    : >"$root/etc/fstab"
    cp -a "$over"/* "$root/"
    while [ $# -gt 0 ]; do
      if [ -d "$1" ]; then mkdir -p "$root$2"; else : >"$root$2"; fi
      mount --bind -o ro "$1" "$root$2"
      shift 2
    done
    exec env -i container=other PATH="$PATH" chroot "$root" /lib/systemd/systemd --system \\
      --unit=machine.target
  ' sh "$@"
`;

const TARGET = "[Unit]\nDescription=A machine for a test\n";

/** A machine that systemd has booted. */
export class Machine implements AsyncDisposable {
  readonly #directory = new TemporaryDirectory();
  readonly #cgroup: string;
  readonly #process: Deno.ChildProcess;

  private constructor({ over, bound }: MachineFiles) {
    this.#cgroup = `${cgroup2()}/test-${crypto.randomUUID()}`;
    Deno.mkdirSync(this.#cgroup);
    Deno.mkdirSync(`${over}/etc/systemd/system`, { recursive: true });
    Deno.writeTextFileSync(`${over}/etc/systemd/system/machine.target`, TARGET);
    const args = [this.#directory.path, this.#cgroup, over, ...bound.flat()];
    this.#process = new Deno.Command("sh", {
      args: ["-e", "-c", BOOT, "sh", ...args],
      ...{ stdin: "null", stdout: "null", stderr: "inherit" },
    }).spawn();
  }

  /** Boots it, and waits until systemd takes orders. */
  static async boot(files: MachineFiles): Promise<Machine> {
    const machine = new Machine(files);
    try {
      await withDeadline(machine.#booted(), 30_000, "systemd to take orders");
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Runs shell commands on the machine, as root.
   *
   * @returns what they print to standard output
   * @throws {Error} when one fails
   */
  async run(commands: string): Promise<string> {
    const { code, stdout, stderr } = await this.#enter(commands);
    if (code === 0) return stdout.trim();
    throw new Error(`Cannot run ${JSON.stringify(commands)} on the machine:\n${stdout}${stderr}`);
  }

  async #booted(): Promise<void> {
    while ((await this.#enter("systemctl is-active machine.target")).code !== 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** systemd itself is the child of `unshare`. */
  async #enter(commands: string) {
    const { pid } = this.#process;
    const init = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim();
    const namespaces = ["--pid", "--mount", "--cgroup", "--uts", "--ipc", "--root", "--wd"];
    const { code, stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["--target", init, ...namespaces, "sh", "-e", "-c", commands],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    }).output();
    const [printed = "", told = ""] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    return { code, stdout: printed, stderr: told };
  }

  /** Ends every process of the machine. Its files go with the last of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await removeGroup(this.#cgroup);
    this.#directory[Symbol.dispose]();
  }
}

/** Where control groups of version 2 are mounted, beside those of version 1 or instead of them. */
function cgroup2(): string {
  const mounts = Deno.readTextFileSync("/proc/mounts").split("\n").map((line) => line.split(" "));
  const found = mounts.find(([, , type]) => type === "cgroup2")?.[1];
  if (found === undefined) throw new Deno.errors.NotFound("Cannot find control groups: no cgroup2");
  return found;
}

/** A group can be removed once nothing is left in it and below it. */
async function removeGroup(path: string): Promise<void> {
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) await removeGroup(`${path}/${name}`);
  }
  for (let tries = 0;; tries++) {
    try {
      return Deno.removeSync(path);
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
