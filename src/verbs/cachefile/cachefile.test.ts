import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

function write(text: string): void {
  writeFileSync(join(agent.home, "file"), text);
}

describe("CACHEFILE", () => {
  it("makes every top-level key an argument", async () => {
    write("text: test\nnumber: 9000\nfloat: 51.50\nyes: true\nnested:\n  test: true\nlist:\n- test\n");
    const path = join(agent.home, "file");
    const names = ["text", "number", "float", "yes", "nested", "list"];
    expect(await agent.call("cachefile", { path: "file" })).toEqual({ path, names, changed: true });
    expect(await agent.call("cachefile", { path: "file" })).toEqual({ path, names, changed: false });
    const text = names.map((name) => `{{ ${name} }}`).join(" ");
    expect(await agent.call("echo", { text })).toMatchObject({
      stdout: "test 9000 51.5 True {'test': True} ['test']\n",
    });
  });

  it("reads JSON, and an empty file as nothing", async () => {
    write('{"who": "you"}');
    expect(await agent.call("cachefile", { path: "file" })).toMatchObject({ names: ["who"] });
    write("# nothing\n");
    expect(await agent.call("cachefile", { path: "file" })).toMatchObject({ names: [], changed: false });
  });

  it("is planned: what would be set, and what shows only when there is a file", async () => {
    const shared = { plan: true };
    await agent.call("arg", { name: "who", value: "you" });
    write("who: you\nwhat: x\n");
    expect(await agent.call("cachefile", { path: "file" }, { shared })).toEqual({
      changed: true,
      diff: '+ what "x"',
    });
    expect(await agent.call("arg", { name: "copy", template: "{{ what }}" }, { shared })).toEqual({
      changed: true,
      diff: '+ copy "x"',
    });
    expect(await agent.call("cachefile", { path: "comes" }, { shared })).toMatchObject({ changed: "unknown" });
    expect(await agent.call("echo", { text: "{{ new }}" }, { shared })).toMatchObject({
      changed: "unknown",
      message: "new is known only when it runs",
    });
  });

  it.each([
    ["- a\n", /holds a list/],
    ["just text", /holds one value/],
    ["a: [", /is no YAML/],
    [`a: &a [x, x]\n${"bcdefgh".replace(/./g, (name) => `${name}: &${name} [${"*a, ".repeat(40)}]\n`)}`, /is no YAML/],
  ])("refuses %j", async (text, message) => {
    write(text);
    await expect(agent.call("cachefile", { path: "file" })).rejects.toMatchObject({
      code: "cachefile_wrong",
      message: expect.stringMatching(message),
    });
  });

  it("waits for no pipe", async () => {
    execFileSync("mkfifo", [join(agent.home, "file")]);
    await expect(agent.call("cachefile", { path: "file" })).rejects.toMatchObject({
      code: "cachefile_wrong",
      message: `${join(agent.home, "file")} is no file`,
    });
  });

  it("says that there is no such file, and wants one path", async () => {
    await expect(agent.call("cachefile", { path: "none" })).rejects.toMatchObject({
      code: "cachefile_wrong",
      message: expect.stringContaining("there is no file"),
    });
    expect(() => parseVerb("CACHEFILE", "a b")).toThrow(/one path/);
  });
});
