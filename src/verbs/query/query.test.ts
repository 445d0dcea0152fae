import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("QUERY", () => {
  it("answers this node's part, and nothing where there is none", async () => {
    await agent.call("arg", { name: "port", value: 80 });
    expect(await agent.call("query", { name: "port" })).toEqual({ changed: false, values: { port: 80 } });
    expect(await agent.call("query", { name: "none" })).toEqual({ changed: false, values: {} });
    expect(agent.written.stdout).toBe("80\nnull\n");
  });

  it("is a barrier: the answers of all nodes come before what stands behind it", () => {
    expect(parseVerb("QUERY", "port")).toMatchObject({ parameters: { name: "port" }, barrier: "query" });
    expect(() => parseVerb("QUERY", "a b")).toThrow(/one argument/);
  });

  it("is collected only when it runs: a plan says so of what asks for it", async () => {
    const shared = { plan: true };
    await agent.call("arg", { name: "query", value: "of an earlier run" });
    expect(await agent.call("query", { name: "port" }, { shared })).toEqual({ changed: false, diff: "" });
    expect(await agent.call("run", { command: "echo {{ query }}" }, { shared })).toEqual({
      changed: "unknown",
      diff: "",
      message: "query is known only when it runs",
    });
  });
});
