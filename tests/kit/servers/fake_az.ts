/** What a run of `az` prints and returns. */
export interface AzRun {
  stdout?: string;
  stderr?: string;
  code?: number;
}

/**
 * A script called `az` in a directory of its own, for the front of `PATH`. It prints what the real
 * command prints, and notes the arguments it was given.
 */
export class FakeAz {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(run: AzRun): Promise<FakeAz> {
    const az = new FakeAz(await Deno.makeTempDir());
    await az.does(run);
    return az;
  }

  /** The variables under which this `az` is the one that is found. */
  get env(): Record<string, string> {
    return { PATH: `${this.directory}:${Deno.env.get("PATH")}` };
  }

  /** Changes what it does from now on. */
  async does({ stdout = "", stderr = "", code = 0 }: AzRun): Promise<void> {
    await this.runs(`printf %s ${quoted(stdout)}\nprintf %s ${quoted(stderr)} >&2\nexit ${code}`);
  }

  /** Changes the script's body. */
  async runs(body: string): Promise<void> {
    const script = `#!/bin/sh\necho "$*" >> ${quoted(`${this.directory}/calls`)}\n${body}\n`;
    const draft = `${this.directory}/draft`;
    await Deno.writeTextFile(draft, script, { mode: 0o755 });
    await Deno.rename(draft, `${this.directory}/az`);
  }

  /** The arguments of each run so far. */
  async calls(): Promise<string[]> {
    const text = await Deno.readTextFile(`${this.directory}/calls`);
    return text.split("\n").filter(Boolean);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** What `az account get-access-token` prints for a token that lives some seconds. */
export function azToken(token: string, seconds: number, now: number = Date.now()): string {
  const expires = new Date(now + seconds * 1000);
  return JSON.stringify(
    {
      accessToken: token,
      expiresOn: localTime(expires),
      expires_on: Math.floor(expires.getTime() / 1000),
      subscription: "00000000-0000-0000-0000-000000000001",
      tenant: "00000000-0000-0000-0000-000000000002",
      tokenType: "Bearer",
    },
    null,
    2,
  );
}

/** Local time without a zone, as Python's `str(datetime)` writes it. */
export function localTime(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const date = [time.getFullYear(), pad(time.getMonth() + 1), pad(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(":");
  return `${date} ${clock}.000000`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
