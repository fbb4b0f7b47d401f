import assert from "node:assert/strict";
import type { CommandLine } from "../../../src/cli/command_line.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import type { Commands } from "../../../src/cli/commands.ts";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import deno from "../../../deno.json" with { type: "json" };

const COMMANDS: Commands = {
  serve: { doc: "Serve.", run: () => Promise.resolve(0) },
  check: { doc: "Check.", json: true, run: () => Promise.resolve(0) },
};

Deno.test("serve is the command when none is named, and flags may stand on either side", () => {
  for (const args of [["-p", "1"], ["serve", "-p", "1"], ["-p", "1", "serve"], ["-p1"]]) {
    const line = run(parseCommandLine(args));
    assert.equal(line.name, "serve");
    assert.deepEqual([...line.flags.values], [["port", { flag: "--port", text: "1" }]]);
  }
});

Deno.test("every setting with a flag is read from it", () => {
  for (const { path, flag } of allSettings()) {
    if (flag === undefined) continue;
    const expected = [[path, { flag, text: "a=b" }]];
    assert.deepEqual([...run(parseCommandLine([flag, "a=b"])).flags.values], expected);
    assert.deepEqual([...run(parseCommandLine([`${flag}=a=b`])).flags.values], expected);
  }
});

Deno.test("--config is the file, and may stand for nothing else", () => {
  assert.equal(run(parseCommandLine(["-c", "a.toml"])).flags.config, "a.toml");
  assert.equal(run(parseCommandLine([])).flags.config, undefined);
});

Deno.test("--verbose is level debug, and an explicit --log-level wins", () => {
  const level = (...args: string[]) =>
    run(parseCommandLine(args)).flags.values.get("logging.level");
  assert.deepEqual(level("-v"), { flag: "--verbose", text: "debug" });
  assert.deepEqual(level("--verbose", "--log-level", "warn"), {
    flag: "--log-level",
    text: "warn",
  });
  assert.deepEqual(level("--log-level", "trace", "-v"), { flag: "--log-level", text: "trace" });
});

Deno.test("a switch that is given twice says nothing new", () => {
  assert.equal(run(parseCommandLine(["-v", "--verbose"])).flags.values.size, 1);
});

Deno.test("--json belongs to the commands that take it", () => {
  assert.equal(run(parseCommandLine(["check", "--json"], COMMANDS)).json, true);
  assert.equal(run(parseCommandLine(["check"], COMMANDS)).json, false);
  assert.deepEqual(complaints(["--json"], COMMANDS), ["serve does not take --json"]);
});

Deno.test("what cannot be used is complained of, all of it, and no value is repeated", () => {
  const cases: [string[], string[]][] = [
    [["--upstrem-url", "https://x"], ["unknown flag --upstrem-url; did you mean --upstream-url?"]],
    [["--client-api-kye=SECRET"], [
      "unknown flag --client-api-kye; did you mean --client-api-key?",
    ]],
    [["--client-api-kye", "SECRET"], [
      "unknown flag --client-api-kye; did you mean --client-api-key?",
    ]],
    [["--client-api-keySECRET"], [
      "unknown flag that begins with --client-api-key: expected a blank or = before the value",
    ]],
    [["--zzz", "-kSECRET"], ["unknown flag --zzz", "unknown flag -k"]],
    [["--verbose=yes"], ["--verbose takes no value"]],
    [["--port"], ["--port: expected a value behind it, got none"]],
    [["--port", "1", "-p2"], ["--port is given twice, expected once"]],
    [["-c", "a", "--config=b", "-c", "c"], ["--config is given twice, expected once"]],
    [["--acme-domains", "a", "--acme-domains", "b"], [
      "--acme-domains is given twice, expected once; separate its values by commas",
    ]],
    [["--client-api-key=SECRET", "--client-api-key", "SECRET"], [
      '--client-api-key is given twice, expected once; several values are a list: ["…", "…"]',
    ]],
    [["srve", "--prot=1"], [
      "unknown flag --prot; did you mean --port?",
      "unknown command srve; did you mean serve?",
    ]],
    [["SECRET"], ["unknown command: expected serve, check, permissions or a flag"]],
    [["serve", "SECRET"], ["expected one command and no more, got 2 arguments"]],
    [["constructor"], ["unknown command: expected serve, check, permissions or a flag"]],
  ];
  for (const [args, expected] of cases) assert.deepEqual(complaints(args), expected);
});

Deno.test("help shows every setting with flag, variable and default, under its section", () => {
  for (const args of [["--help"], ["-h"], ["serve", "--help"], ["--prot", "--help"]]) {
    const line = parseCommandLine(args);
    assert.ok(line.command === "help");
    const unwrapped = line.text.replaceAll(/\s+/g, " ");
    for (const { setting, variable, section } of allSettings().filter(({ flag }) => flag)) {
      assert.ok(unwrapped.includes(` ${setting.flag} `), setting.flag ?? setting.key);
      assert.ok(unwrapped.includes(`[${variable}] (`), variable);
      assert.ok(line.text.includes(`${section.title}:\n`));
    }
    assert.match(line.text, /\[CLAUDE_PROXY__PORT\] \(default: 8080\)/);
  }
});

Deno.test("help is as wide as it is to be, and wraps nowhere else", () => {
  for (const width of [64, 80, 99, 100, 160]) {
    const { text } = parseCommandLine(["--help"], COMMANDS, width) as { text: string };
    const rows = text.split("\n").filter((row) => !row.includes("https://"));
    assert.ok(rows.every((row) => row.length <= width), text);
    assert.ok(rows.some((row) => row.length > width - 8), `nothing comes near ${width}`);
  }
});

Deno.test("version is that of deno.json", () => {
  assert.deepEqual(parseCommandLine(["--version"]), {
    command: "version",
    text: `${deno.version}\n`,
  });
});

function run(line: CommandLine): Extract<CommandLine, { command: "run" }> {
  assert.ok(line.command === "run", JSON.stringify(line));
  return line;
}

function complaints(args: string[], commands?: Commands): readonly string[] {
  const line = parseCommandLine(args, commands);
  assert.ok(line.command === "invalid", JSON.stringify(line));
  return line.complaints;
}
