import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("FACTS", () => {
  it("tells and prints all of them", async () => {
    const facts = await agent.call("facts", {});
    expect(facts).toMatchObject({ hostname: hostname(), changed: false, processors: expect.any(Number) });
    expect(JSON.parse(agent.written.stdout)).toMatchObject({ hostname: hostname() });
    expect(agent.noticed()).toBe(1);
  });

  it("tells one, also as FACTER", async () => {
    const { function: name, parameters } = parseVerb("facter", "hostname");
    expect(await agent.call(name, parameters)).toEqual({ key: "hostname", value: hostname(), changed: false });
    expect(agent.written.stdout).toBe(`${hostname()}\n`);
  });

  it("are seen by templates", async () => {
    expect(await agent.call("echo", { text: "{{ facts.hostname }}" })).toMatchObject({ stdout: `${hostname()}\n` });
  });

  it("knows the nearest of a name that is none", async () => {
    await expect(agent.call("facts", { key: "hostnam" })).rejects.toMatchObject({
      code: "fact_unknown",
      message: "there is no fact hostnam; did you mean hostname?",
    });
    expect(() => parseVerb("FACTS", "a b")).toThrow(/one fact/);
  });

  it("may be asked without a task, and would change nothing", async () => {
    expect(agent.module.functions["facts"]?.observes).toBe(true);
    expect(await agent.call("facts", {}, { shared: { plan: true } })).toEqual({ changed: false, diff: "" });
  });
});
