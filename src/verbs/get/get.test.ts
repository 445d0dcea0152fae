import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
  mkdirSync(join(agent.home, "d/deep"), { recursive: true });
  writeFileSync(join(agent.home, "d/a.log"), "a");
  writeFileSync(join(agent.home, "d/deep/b.log"), "bb");
  symlinkSync("/dev/zero", join(agent.home, "d/zero"));
});
afterEach(() => agent.remove());

describe("GET", () => {
  it("brings files, folders and patterns, each file once, and no devices", async () => {
    const answer = await agent.call("get", { paths: ["d", "d/*.log"] });
    const files = ["a", "bb"].map((text, index) => ({
      path: join(agent.home, index === 0 ? "d/a.log" : "d/deep/b.log"),
      sha256: createHash("sha256").update(text).digest("hex"),
      size: text.length,
      mode: "0644",
    }));
    expect(answer).toEqual({ changed: false, files });
    expect([...agent.brought.values()].map((bytes) => Buffer.from(bytes).toString())).toEqual(["a", "bb"]);
  });

  it("fails when there is no such file, or too much of it", async () => {
    for (const call of [{ paths: ["d/a.log", "missing"] }, { paths: ["*.none"] }, { paths: ["d"], limit: 2 }])
      await expect(agent.call("get", call)).rejects.toMatchObject({ code: "get_failed" });
  });

  it("waits for no pipe, and reads no device, that it is asked for by name", async () => {
    execFileSync("mkfifo", [join(agent.home, "d/pipe")]);
    for (const path of ["d/pipe", "d/zero"])
      await expect(agent.call("get", { paths: [path] })).rejects.toMatchObject({
        code: "get_failed",
        message: `${join(agent.home, path)} is a pipe, a socket or a device: it has no end to be read to`,
      });
    expect(await agent.call("get", { paths: ["d/*"] })).toMatchObject({ files: [{ size: 1 }] });
  });

  it("plans by counting", async () => {
    const plan = { shared: { plan: true } };
    expect(await agent.call("get", { paths: ["d"] }, plan)).toMatchObject({
      changed: false,
      message: "2 files of 3 bytes would be fetched",
    });
    expect(agent.brought.size).toBe(0);
  });

  it("is read from its text form", () => {
    expect(parseVerb("GET", "--limit 2M /etc/hosts '/a b' ./out/").parameters).toEqual({
      paths: ["/etc/hosts", "/a b"],
      to: "./out/",
      limit: 2 * 1024 * 1024,
    });
    expect(() => parseVerb("GET", "/etc/hosts")).toThrow("GET PATH… TO");
    expect(() => parseVerb("GET", "--limit much /a b")).toThrow("--limit much");
    expect(() => parseVerb("GET", "--user bob /a b")).toThrow("--user");
  });
});
