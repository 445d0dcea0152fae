import { afterEach, beforeEach, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

it("JOB_WAIT tells the run what it waits for", () => {
  expect(parseVerb("JOB_WAIT", "build 'two words'")).toMatchObject({
    parameters: { names: ["build", "two words"] },
    barrier: { wait: ["build", "two words"] },
  });
  // It would wait for other nodes than was said.
  for (const text of ["--identity web1 build", "build --identity web1 web2"])
    expect(() => parseVerb("JOB_WAIT", text)).toThrow(/no (option )?--identity/);
  expect(() => parseVerb("JOB_WAIT", "")).toThrow(/name or the id of a job/);
});

it("JOB_WAIT has nothing left to do when it comes to the node", async () => {
  expect(await agent.call("job_wait", { names: ["build"] })).toEqual({ changed: false, names: ["build"] });
  expect(await agent.call("job_wait", { names: ["build"] }, { shared: { plan: true } })).toEqual({
    changed: false,
    diff: "",
  });
});
