import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

function env(text: string) {
  return agent.call("env", parseVerb("ENV", text).parameters);
}

describe("ENV", () => {
  it("is seen by all later commands, also after the agent's death, and by its owner alone", async () => {
    expect(await env("COLOR  blue  green ")).toEqual({ name: "COLOR", changed: true });
    expect(await env("COLOR  blue  green ")).toEqual({ name: "COLOR", changed: false });
    const again = await agent.again();
    expect(await again.call("run", { command: 'echo "$COLOR"' })).toMatchObject({ stdout: "blue  green\n" });
    expect(await again.call("wait", { cmd: 'test "$COLOR" = "blue  green"' })).toMatchObject({ changed: false });
    expect(statSync(join(agent.state, "environment.json")).mode & 0o777).toBe(0o600);
  });

  it("holds texts, also of what looks like a number", async () => {
    await env("COUNT 12345");
    await env("LIST ['a']");
    expect(await agent.call("run", { command: 'echo "$COUNT $LIST"' })).toMatchObject({ stdout: "12345 ['a']\n" });
  });

  it("is filled in from arguments, and weaker than what a command brings", async () => {
    await agent.call("arg", { name: "who", value: "you" });
    await env("WHO {{ who }}");
    expect(await agent.call("run", { command: "echo $WHO" })).toMatchObject({ stdout: "you\n" });
    expect(await agent.call("run", { command: "echo $WHO", environment: { WHO: "me" } })).toMatchObject({
      stdout: "me\n",
    });
  });

  it("is planned: what would be another value, and what later verbs would see", async () => {
    await env("A 1");
    const shared = { plan: true };
    expect(await agent.call("env", { name: "A", value: "2" }, { shared })).toEqual({
      changed: true,
      diff: "- A=1\n+ A=2",
    });
    expect(await agent.call("env", { name: "A", value: "2" }, { shared })).toEqual({ changed: false, diff: "" });
    expect(await agent.call("run", { command: "echo $A" })).toMatchObject({ stdout: "1\n" });
  });

  it.each([
    ["A", /needs a name and a value/],
    ["1A x", /not a name/],
    ["--extend-arg A x", /did you mean --extend-args/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("ENV", text)).toThrow(message);
  });
});
