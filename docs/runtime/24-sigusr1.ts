/**
 * SIGUSR1 opens the inspector, whatever a program does with that signal.
 *
 * A process that gets SIGUSR1 listens on 127.0.0.1:9229 for V8's inspector, by which every user of
 * the machine reads its memory and runs code in it, with all that it was permitted. It does so also
 * where the program has a listener of its own for the signal, as for "open your log files again",
 * which is what scripts that rotate logs like to send. Node opens it as well, but not where the
 * program listens for the signal, nor with `--disable-sigusr1`.
 *
 * Expected: the inspector stays shut, at least where the program listens for the signal.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * the program's own listener was called
 * the inspector is open: true
 * ```
 *
 * Suggested fix: Leave the signal alone where the program listens for it, and have a flag for those
 * that never want the inspector.
 *
 * What claude-proxy does: The systemd unit forbids it to listen on the port where systemd can do
 * that, the manual tells nobody to send the signal, and a start with `--inspect` warns.
 */

Deno.addSignalListener("SIGUSR1", () => console.log("the program's own listener was called"));
await new Promise((later) => setTimeout(later, 1_000)); // Right after its start it does not yet.
Deno.kill(Deno.pid, "SIGUSR1");

let open = false;
for (let tries = 0; tries < 50 && !open; tries++) {
  await new Promise((later) => setTimeout(later, 100));
  try {
    const client = await Deno.connect({ hostname: "127.0.0.1", port: 9229 });
    client.close();
    open = true;
  } catch {
    // Not yet.
  }
}
console.log("the inspector is open:", open);
Deno.exit();
