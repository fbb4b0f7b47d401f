import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withDeadline } from "../kit/time/deadline.ts";
import { FakeIdentityEndpoint } from "../kit/servers/fake_identity_endpoint.ts";
import { programTest } from "../kit/process/programs.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Runs the program at a terminal of its own until it has printed a line. */
async function atTerminal(flags: string[], env: Record<string, string>, line: RegExp) {
  const program = ["deno", "run", "--cached-only", ...flags, MAIN].join(" ") +
    " --upstream-url http://127.0.0.1:9 --client-api-key a --port 0 --bind-address 127.0.0.1 " +
    "--upstream-auth-type azure_managed_identity";
  const child = new Deno.Command("script", {
    args: ["-qefc", program, "/dev/null"],
    env: { ...env, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let printed = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    while (!line.test(printed) && !printed.includes("Allow?")) {
      const { value, done } = await withDeadline(
        reader.read(),
        20_000,
        () => `${line}: ${printed}`,
      );
      if (done) break;
      printed += value;
    }
  } finally {
    // As a user would: when its terminal goes away, that is SIGHUP, which only reloads.
    const keyboard = child.stdin.getWriter();
    await keyboard.write(new TextEncoder().encode("\x03"));
    while (!(await reader.read()).done);
    await child.status;
    await keyboard.close().catch(() => {}); // Its reader has ended.
  }
  return printed;
}

programTest({
  name: "at a terminal, too, a missing permission is named and never asked for",
  needs: [{ program: "script", install: "apt-get install bsdutils" }],
  async fn() {
    await using imds = new FakeIdentityEndpoint();
    const printed = await atTerminal(
      [
        ...["--allow-net", "--allow-read=.", "--allow-sys=osRelease", "--ignore-env"],
        "--allow-env=CLAUDE_PROXY_*,HOME,AZURE_*,IDENTITY_*,IMDS_ENDPOINT,MSI_*",
      ],
      imds.imdsEnv,
      /retry_seconds/,
    );
    assert.match(printed, /start with --allow-read=\/opt\/azcmagent\/bin\/himds/);
    assert.doesNotMatch(printed, /Allow\?/);
  },
});
