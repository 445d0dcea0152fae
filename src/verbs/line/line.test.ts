import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";
import { editLines, type LineParameters, linesOf, PATTERNS } from "./model.ts";

function edit(text: string, parameters: Omit<LineParameters, "file">): string {
  const found = PATTERNS.flatMap((name) => {
    const expression = parameters[name];
    if (expression === undefined) return [];
    const numbers = linesOf(text).flatMap((line, index) => (new RegExp(expression).test(line) ? [index] : []));
    return [[name, numbers]];
  });
  return editLines(text, { file: "f", ...parameters } as LineParameters, Object.fromEntries(found));
}

describe("lines of a text", () => {
  it.each<[string, Omit<LineParameters, "file">, string]>([
    ["a\nb\n", { line: "c" }, "a\nb\nc\n"],
    ["a\nb", { line: "c" }, "a\nb\nc\n"],
    ["a\nb", { line: "b" }, "a\nb"],
    ["", { line: "a" }, "a\n"],
    ["a 1\na 2\n", { match: "^a", line: "a 3" }, "a 1\na 3\n"],
    ["b\n", { match: "^a", line: "a" }, "b\na\n"],
    ["a\nb\nc\n", { after: "[ab]", line: "x" }, "a\nb\nx\nc\n"],
    ["a\nb\nc\n", { before: "[bc]", line: "x" }, "a\nx\nb\nc\n"],
    ["a\n", { after: "z", line: "x" }, "a\nx\n"],
    ["a\r\nb\r\n", { line: "c" }, "a\r\nb\r\nc\r\n"],
    ["a\nb\na\n", { absent: true, line: "a" }, "b\n"],
    ["ab\nb\n", { absent: true, match: "a" }, "b\n"],
    ["\n\n", { line: "a" }, "\n\na\n"],
  ])("%j with %j is %j", (text, parameters, wanted) => {
    expect(edit(text, parameters)).toBe(wanted);
  });

  it("are as wanted after the first time", () => {
    const line = fc.constantFrom("a", "b", "ab", "", "x = 1");
    const pattern = fc.option(fc.constantFrom("^a", "b$", "x", "="), { nil: undefined });
    fc.assert(
      fc.property(fc.array(line), line, pattern, pattern, fc.boolean(), (lines, text, match, place, before) => {
        const parameters = { line: text, match, ...(before ? { before: place } : { after: place }) };
        const once = edit(lines.join("\n"), parameters);
        // A line that does not match its own pattern is found by being there.
        expect(edit(once, parameters)).toBe(
          match !== undefined && !new RegExp(match).test(text) ? edit(once, parameters) : once,
        );
        expect(once.split("\n")).toContain(text);
        const gone = { line: text, absent: true };
        expect(edit(edit(once, gone), gone)).toBe(edit(once, gone));
      }),
    );
  });
});

describe("LINE", () => {
  let agent: TestAgent;
  beforeEach(async () => {
    agent = await createTestAgent();
  });
  afterEach(() => agent.remove());

  it("keeps mode and owner, leaves nothing beside, and says whether it changed anything", async () => {
    const path = join(agent.home, "f");
    writeFileSync(path, "a\n");
    chmodSync(path, 0o640);
    expect(await agent.call("line", { file: "f", line: "b" })).toEqual({ path, changed: true });
    expect(await agent.call("line", { file: "f", line: "b" })).toEqual({ path, changed: false });
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(agent.home)).toEqual([".state", "f"]);
    expect(await agent.call("line", { file: "f", line: "b", chmod: "0600" })).toEqual({ path, changed: true });
  });

  it("makes a file only when asked to, and takes nothing out of one that is missing", async () => {
    await expect(agent.call("line", { file: "f", line: "b" })).rejects.toMatchObject({ code: "line_failed" });
    expect(await agent.call("line", { file: "f", line: "b", absent: true })).toMatchObject({ changed: false });
    expect(existsSync(join(agent.home, "f"))).toBe(false);
    await agent.call("line", { file: "f", line: "b", create: true });
    expect(readFileSync(join(agent.home, "f"), "utf8")).toBe("b\n");
  });

  it("changes nothing that is no text, and plans as a diff", async () => {
    writeFileSync(join(agent.home, "f"), Buffer.of(0xff, 0));
    await expect(agent.call("line", { file: "f", line: "b" })).rejects.toMatchObject({ code: "line_failed" });
    writeFileSync(join(agent.home, "f"), "a\n");
    const plan = await agent.call("line", { file: "f", line: "b" }, { shared: { plan: true } });
    expect(plan).toMatchObject({ changed: true, diff: expect.stringContaining("\n a\n+b") });
    expect(readFileSync(join(agent.home, "f"), "utf8")).toBe("a\n");
  });

  it("is ended by its time-out, also its plan, whatever its expressions look for, and lets others work meanwhile", async () => {
    writeFileSync(join(agent.home, "f"), `${"a".repeat(60)}!\n`);
    const slow = { file: "f", line: "b", match: "^(a+)+$", timeout: 0.2 };
    await expect(agent.call("line", slow)).rejects.toMatchObject({ code: "function_timed_out" });
    await expect(agent.call("line", slow, { shared: { plan: true } })).rejects.toMatchObject({
      code: "function_timed_out",
      message: "it took longer than 0.2 s and was stopped",
    });
    expect(await agent.call("line", { file: "f", line: "b", match: "^a" })).toMatchObject({ changed: true });
    expect(readFileSync(join(agent.home, "f"), "utf8")).toBe("b\n");
  });

  it("is read from its text form, the line as it is typed", () => {
    expect(parseVerb("LINE", "--match '^a b' '/etc/my file' x  = \"1\"").parameters).toEqual({
      file: "/etc/my file",
      match: "^a b",
      line: 'x  = "1"',
    });
    expect(() => parseVerb("LINE", "/f")).toThrow("needs the line");
    expect(() => parseVerb("LINE", "--match ( /f x")).toThrow("no regular expression");
    expect(() => parseVerb("LINE", "--absent --create /f x")).toThrow("--absent takes lines out");
  });
});
