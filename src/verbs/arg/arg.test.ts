import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("ARG", () => {
  it("keeps its value over the agent's death, for its owner alone", async () => {
    await Promise.all(["a", "b", "c"].map((name) => agent.call("arg", { name, value: { is: name } })));
    const again = await agent.again();
    expect(await again.call("run", { command: "echo {{ a.is }}{{ b.is }}{{ c.is }}" })).toMatchObject({
      stdout: "abc\n",
    });
    expect(statSync(join(agent.state, "arguments.json")).mode & 0o777).toBe(0o600);
  });

  it("says whether anything changed", async () => {
    expect(await agent.call("arg", { name: "a", value: 1 })).toEqual({ name: "a", changed: true });
    expect(await agent.call("arg", { name: "a", value: 1 })).toEqual({ name: "a", changed: false });
  });

  it("does not pretend that a damaged file is empty", async () => {
    await agent.call("arg", { name: "a", value: 1 });
    writeFileSync(join(agent.state, "arguments.json"), "rubbish");
    await expect((await agent.again()).call("arg", { name: "b", value: 1 })).rejects.toMatchObject({
      code: "arguments_damaged",
    });
  });
});
