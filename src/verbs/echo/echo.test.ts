import { afterEach, beforeEach, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

it("ECHO prints its text as it is, filled in", async () => {
  await agent.call("arg", { name: "who", value: ["a", true, null] });
  const { parameters } = parseVerb("ECHO", "--skip-cache  two   words for {{ who }}");
  expect(await agent.call("echo", parameters)).toEqual({
    changed: false,
    stdout: "two   words for ['a', True, None]\n",
  });
  expect(agent.written.stdout).toBe("two   words for ['a', True, None]\n");
});

it("ECHO gives its text to an argument", async () => {
  await agent.call("echo", { text: " hello ", stdout_arg: "said" });
  expect(await agent.call("echo", { text: "<{{ said }}>" })).toMatchObject({ stdout: "<hello>\n" });
});

it("ECHO would change nothing", async () => {
  expect(await agent.call("echo", { text: "x" }, { shared: { plan: true } })).toEqual({ changed: false, diff: "" });
  expect(agent.written.stdout).toBe("");
});
