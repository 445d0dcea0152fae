import { describe, expect, it } from "vitest";
import { durationText, printData, printList, table } from "./output.ts";
import { completionScript, entriesOf } from "./completion.ts";
import { kindNamed } from "./kinds.ts";
import { run, wholeProgram } from "./program.ts";
import { printable } from "./terminal.ts";
import { testTerminal } from "./testing.ts";

describe("tables", () => {
  const columns = [
    { heading: "NAME", value: (row: { name: string; size: number }) => row.name },
    { heading: "SIZE", value: (row: { name: string; size: number }) => String(row.size) },
  ];
  it("align their columns and end without blanks", () => {
    const { terminal } = testTerminal();
    expect(
      table(terminal, columns, [
        { name: "balancer", size: 1 },
        { name: "web", size: 22 },
      ]),
    ).toBe("NAME      SIZE\nbalancer  1\nweb       22\n");
  });
  it("keep a row a line, and names in their own direction, whatever somebody wrote", () => {
    const { terminal } = testTerminal();
    expect(table(terminal, columns, [{ name: "a\nb  2\tc", size: 1 }])).toBe("NAME        SIZE\na\\nb  2\\tc  1\n");
    expect(printable("gnp\u202egpj.exe\u2066")).toBe("gnp\\u202egpj.exe\\u2066");
  });
  it("say on the error stream that there is nothing, and print an empty list as JSON", () => {
    const shown = testTerminal();
    printList(shown.terminal, "table", columns, [], "There are none.");
    expect([shown.out(), shown.error()]).toEqual(["", "There are none.\n"]);
    const json = testTerminal();
    printList(json.terminal, "json", columns, [], "There are none.");
    expect(json.out()).toBe("[]\n");
  });
  it("print one thing as YAML, with control characters written out", () => {
    const shown = testTerminal();
    printData(shown.terminal, "yaml", { name: "web1", list: [1, 2] });
    expect(shown.out()).toBe("name: web1\nlist:\n  - 1\n  - 2\n");
    expect(printable("a\u001b[31mb\n\tc")).toBe("a\\x1b[31mb\n\tc");
  });
});

describe("durations", () => {
  it.each([
    [null, "-"],
    [0, "0.0s"],
    [3240, "3.2s"],
    [12_400, "12s"],
    [64_000, "1m 04s"],
    [7_500_000, "2h 05m"],
  ])("%s ms is %s", (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });
});

describe("kinds", () => {
  it("are named in singular and plural, and a misspelt one with the nearest", () => {
    expect(kindNamed("structure")).toBe(kindNamed("structures"));
    expect(() => kindNamed("strucures")).toThrow(
      expect.objectContaining({ code: "usage", hint: "Did you mean 'structures'?" }),
    );
  });
});

describe("the command line", () => {
  it("prints help with exit 0, and what is wrong with exit 2", async () => {
    const help = testTerminal();
    expect(await run(["--help"], help.terminal)).toBe(0);
    expect(help.out()).toContain("up [options] <path...>");
    const typo = testTerminal();
    expect(await run(["upp"], typo.terminal)).toBe(2);
    expect(typo.error()).toContain("unknown command 'upp'");
    expect(typo.error()).toContain("Did you mean up?");
    const below = testTerminal();
    expect(await run(["node", "cach"], below.terminal)).toBe(2);
    expect(below.error()).toContain("unknown command 'cach'");
    expect(below.error()).toContain("Did you mean cache?");
    const asked = testTerminal();
    expect(await run(["help", "exec"], asked.terminal)).toBe(0);
    expect(asked.out()).toContain("gantry exec [options] <text>");
    const missing = testTerminal();
    expect(await run(["job", "log"], missing.terminal)).toBe(2);
    expect(missing.error()).toContain("missing required argument 'id'");
    const format = testTerminal();
    expect(await run(["get", "jobs", "-o", "xml"], format.terminal)).toBe(2);
    expect(format.error()).toContain("Allowed choices are table, json, yaml");
  });

  it("completes every command and option, in three shells", async () => {
    const { terminal } = testTerminal();
    const entries = entriesOf(await wholeProgram(terminal));
    expect(entries.map((entry) => entry.path.join(" "))).toContain("server start");
    for (const shell of ["bash", "zsh", "fish"]) {
      const script = completionScript(entries, shell)!;
      for (const word of ["up", "purge", "structures", "resume"]) expect(script).toContain(word);
    }
    expect(completionScript(entries, "csh")).toBeUndefined();
  });
});
