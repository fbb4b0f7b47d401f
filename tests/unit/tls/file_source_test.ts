import assert from "node:assert/strict";
import type { CertificatePair } from "../../../src/ipc/messages.ts";
import { AUTHORITY_WARNING } from "../../../src/tls/certificate.ts";
import { FileSource } from "../../../src/tls/file_source.ts";
import { makeCertificate } from "../../kit/tls/certificate.ts";
import { TestAuthority } from "../../kit/tls/authority.ts";
import { Condition } from "../../kit/time/condition.ts";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { CertificateDirectory } from "../../kit/servers/https_proxy.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const authority = await TestAuthority.create();

Deno.test("the end of the certificate is warned of once a day, while it is served", async () => {
  await using run = await Run.start(new Date(Date.now() + 5.5 * DAY));
  for (let day = 0; day < 3; day++) await run.clock.leap(DAY);
  await run.clock.leap(SECOND);
  await run.clock.untilSet();
  const warnings = run.lines.filter((line) => line.startsWith("the certificate expires"));
  assert.deepEqual(
    warnings.map((line) => line.slice(0, "the certificate expires in 5 days".length)),
    [5, 4, 3, 2].map((days) => `the certificate expires in ${days} days`),
  );
});

Deno.test("a certificate that is an authority's own is served, and warned of", async () => {
  await using run = await Run.start();
  assert.ok(!run.lines.some((line) => line.includes("CA:TRUE")));
  run.directory.write(await makeCertificate(undefined, true));
  for (let look = 0; look < 2; look++) await run.clock.leap(SECOND);
  await run.line(AUTHORITY_WARNING);
  assert.equal(run.served.length, 1);
});

Deno.test("files caught half-written are not judged before they stay the same", async () => {
  await using run = await Run.start();
  const { cert, key } = await authority.issue();
  Deno.writeTextFileSync(run.directory.certPath, cert);
  await run.clock.leap(SECOND);
  await run.clock.untilSet();
  Deno.writeTextFileSync(run.directory.keyPath, key);
  await run.clock.leap(SECOND);
  await run.clock.untilSet();
  assert.deepEqual(run.served, []);
  await run.clock.leap(SECOND);
  await run.line("certificate reloaded");
  assert.deepEqual(run.served.map(({ cert }) => cert), [cert]);
  assert.ok(!run.lines.some((line) => line.includes("refused")));
});

Deno.test("files that are touched but not changed are not served again", async () => {
  await using run = await Run.start();
  Deno.utimeSync(run.directory.certPath, 1, 1);
  for (let look = 0; look < 2; look++) await run.clock.leap(SECOND);
  await run.line("certificate unchanged");
  assert.deepEqual(run.served, []);
});

/** A source on files of its own with a held clock. */
class Run implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now());
  readonly directory = new CertificateDirectory();
  readonly served: CertificatePair[] = [];
  readonly lines: string[] = [];
  readonly #changed = new Condition();
  #source: FileSource | undefined;

  static async start(notAfter = new Date(Date.now() + 90 * DAY)): Promise<Run> {
    const run = new Run();
    run.directory.write(await authority.issue({ notAfter }));
    const log = (line: string) => {
      run.lines.push(line);
      run.#changed.notify();
    };
    run.#source = await FileSource.open(run.directory, {
      clock: run.clock,
      log: { info: log, warn: log, error: log },
    });
    run.#source.start((pair) => {
      run.served.push(pair);
      return Promise.resolve();
    });
    return run;
  }

  async line(text: string): Promise<void> {
    await this.#changed.until(() => this.lines.includes(text) || undefined, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.stop();
    this.directory[Symbol.dispose]();
  }
}
