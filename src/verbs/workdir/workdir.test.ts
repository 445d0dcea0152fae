import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("WORKDIR", () => {
  it("makes a folder with those above it, once", async () => {
    const path = join(agent.home, "a/b");
    expect(await agent.call("workdir", { path: "a/b", chmod: "0750" })).toEqual({ path, changed: true });
    expect(statSync(path).mode & 0o777).toBe(0o750);
    expect(await agent.call("workdir", { path: "a/b", chmod: "0750" })).toEqual({ path, changed: false });
    expect(await agent.call("workdir", { path: "a/b", chmod: "0700" })).toEqual({ path, changed: true });
  });

  it("prints its path, and remembers it", async () => {
    await agent.call("workdir", { path: "a", stdout_arg: "dir" });
    expect(agent.written.stdout).toBe(`${join(agent.home, "a")}\n`);
    expect(await agent.call("run", { command: "echo {{ dir }}" })).toMatchObject({
      stdout: `${join(agent.home, "a")}\n`,
    });
  });

  it("says what stands in its way", async () => {
    writeFileSync(join(agent.home, "file"), "");
    for (const path of ["file", "file/below"]) {
      await expect(agent.call("workdir", { path })).rejects.toMatchObject({
        code: "workdir_failed",
        message: expect.stringContaining("a file stands in its way"),
      });
    }
  });
});
