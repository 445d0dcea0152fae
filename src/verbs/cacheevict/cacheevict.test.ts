import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
  await agent.call("arg", { name: "who", value: "you" });
  await agent.call("arg", { name: "query", value: { web1: {} } });
  await agent.call("env", { name: "COLOR", value: "blue" });
  await agent.call("run", { command: "echo {{ who }}", cache: "use" });
  agent.written.stdout = "";
});
afterEach(() => agent.remove());

async function remembered(): Promise<object> {
  return (await agent.call("cache_list", {})) as object;
}

describe("CACHEEVICT", () => {
  it.each([
    ["all", 4, { arguments: [], environment: [], results: [] }],
    ["args", 2, { arguments: [], environment: ["COLOR"], results: [expect.anything()] }],
    ["query", 1, { arguments: ["who"], environment: ["COLOR"], results: [expect.anything()] }],
    ["envs", 1, { arguments: ["who", "query"], environment: [], results: [expect.anything()] }],
    ["jobs", 1, { arguments: ["who", "query"], environment: ["COLOR"], results: [] }],
  ])("%s", async (tag, count, left) => {
    const { parameters } = parseVerb("CACHEEVICT", tag);
    expect(await agent.call("cacheevict", parameters)).toEqual({ tag, evicted: count, changed: true });
    expect(agent.written.stdout).toBe(`${count} ${count === 1 ? "item" : "items"} forgotten\n`);
    expect(await remembered()).toEqual(left);
    expect(await agent.call("cacheevict", parameters)).toMatchObject({ evicted: 0, changed: false });
    expect(await (await agent.again()).call("cache_list", {})).toEqual(left);
  });

  it("is planned, with what later verbs would miss then", async () => {
    const shared = { plan: true };
    expect(await agent.call("cacheevict", { tag: "all" }, { shared })).toEqual({
      changed: true,
      diff: "- argument who\n- argument query\n- variable COLOR\n- 1 result",
    });
    await expect(agent.call("echo", { text: "{{ who }}" }, { shared })).rejects.toMatchObject({
      code: "argument_undefined",
    });
    expect(await agent.call("echo", { text: "{{ who }}" })).toMatchObject({ stdout: "you\n" });
  });

  it("wants a tag there is", () => {
    expect(() => parseVerb("CACHEEVICT", "arg")).toThrow(/no tag arg; did you mean args/);
    expect(() => parseVerb("CACHEEVICT", "args abcd")).toThrow(/only results have keys/);
    expect(() => parseVerb("CACHEEVICT", "jobs x")).toThrow(/not the key of a result/);
    expect(() => parseVerb("CACHEEVICT", "")).toThrow(/needs one of all, args, envs, jobs, query/);
  });
});

describe("what a node remembers", () => {
  it("is told without the values, and forgotten one by one", async () => {
    await agent.call("run", { command: "echo 2", cache: "use" });
    const { results } = (await remembered()) as { results: { key: string; text: string; verb: string }[] };
    expect(results.map(({ verb, text }) => `${verb} ${text}`)).toEqual(["run echo 2", "run echo you"]);
    const { parameters } = parseVerb("CACHEEVICT", `jobs ${results[1]!.key.slice(0, 12)} 0000000000`);
    expect(await agent.call("cacheevict", parameters, { shared: { plan: true } })).toEqual({
      changed: true,
      diff: "- 1 result",
    });
    expect(await agent.call("cacheevict", parameters)).toEqual({ tag: "jobs", evicted: 1, changed: true });
    expect(await agent.call("run", { command: "echo 2", cache: "use" })).toMatchObject({ cached: true });
    expect(await agent.call("run", { command: "echo {{ who }}", cache: "use" })).toMatchObject({ cached: false });
    expect(agent.module.functions["cache_list"]?.observes).toBe(true);
  });
});
