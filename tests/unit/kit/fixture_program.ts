/** Stands in for the proxy in the tests of the launcher. */
import * as v from "valibot";

console.log(`args ${v.parse(v.array(v.string()), Deno.args).join(" ")}`);

if (Deno.args.includes("--fail")) {
  Deno.stderr.writeSync(new TextEncoder().encode("unfinished last line"));
  Deno.exit(2);
}

if (Deno.permissions.querySync({ name: "env" }).state === "granted") {
  const [given, leak, home] = ["GIVEN", "KIT_TEST_LEAK", "HOME"].map((name) => Deno.env.get(name));
  console.log(`env given=${given} leak=${leak} home=${home}`);
}

Deno.addSignalListener("SIGTERM", () => {
  console.log("terminated");
  Deno.exit(0);
});

const onListen = ({ hostname, port }: Deno.NetAddr) => {
  if (!Deno.args.includes("--silent")) console.log(`listening on http://${hostname}:${port}`);
};
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, () => new Response("fixture"));
