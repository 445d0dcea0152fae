import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("QUERY_WAIT", () => {
  it("goes on as soon as the argument is there", async () => {
    const waiting = agent.call("query_wait", { name: "port" });
    await agent.call("arg", { name: "other", value: 1 });
    await agent.call("arg", { name: "port", value: 80 });
    expect(await waiting).toEqual({ changed: false, values: { port: 80 } });
    expect(await agent.call("query_wait", { name: "port" })).toEqual({ changed: false, values: { port: 80 } });
  });

  it("is content with another node's, as QUERY collected it", async () => {
    await agent.call("arg", { name: "query", value: { web1: { port: 80 } } });
    expect(await agent.call("query_wait", { name: "port" })).toEqual({ changed: false, values: {} });
  });

  it("waits for all nodes it is told", async () => {
    const { parameters } = parseVerb("QUERY_WAIT", "port --identity web1 web2");
    const waiting = agent.call("query_wait", parameters);
    await agent.call("arg", { name: "query", value: { web1: { port: 80 }, web2: {} } });
    await agent.call("arg", { name: "query", value: { web1: { port: 80 }, web2: { port: 81 } } });
    expect(await waiting).toMatchObject({ changed: false });
  });

  it("says who lacks it when time is up, and ends when it is stopped", async () => {
    const { parameters } = parseVerb("QUERY_WAIT", "--query-timeout 0.05 --identity web1 --identity web2 port");
    await agent.call("arg", { name: "query", value: { web1: { port: 80 } } });
    await expect(agent.call("query_wait", parameters)).rejects.toMatchObject({
      code: "wait_timed_out",
      message: "web2 has no argument port, after 0.05 s",
    });
    const stop = new AbortController();
    const waiting = agent.call("query_wait", { name: "none" }, { signal: stop.signal });
    stop.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });

  it("would change nothing", async () => {
    expect(await agent.call("query_wait", { name: "x" }, { shared: { plan: true } })).toEqual({
      changed: false,
      diff: "",
    });
  });

  it.each([
    ["", /name of an argument/],
    ["port web1", /cannot read web1/],
    ["port --identity", /cannot read/],
  ])("refuses %j", (text, message) => {
    expect(() => parseVerb("QUERY_WAIT", text)).toThrow(message);
  });
});
