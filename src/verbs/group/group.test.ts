import { describe, expect, it } from "vitest";
import { readAccounts } from "../user/accounts.ts";
import { decideGroup, shadowTool } from "./decide.ts";

const accounts = readAccounts({ passwd: "ada:x:5:10::/:/bin/sh\n", group: "web:x:10:\nold:x:11:\n", shadow: "" });

describe("what is to be done about a group", () => {
  it.each([
    [{ name: "new", state: "present" }, "add", ["+group new"]],
    [{ name: "new", state: "present", gid: 12 }, "add", ["+group new", "+gid 12"]],
    [{ name: "web", state: "present" }, "none", []],
    [{ name: "web", state: "present", gid: 10 }, "none", []],
    [{ name: "web", state: "present", gid: 12 }, "change", ["-gid 10", "+gid 12"]],
    [{ name: "old", state: "absent" }, "remove", ["-group old (11)"]],
    [{ name: "new", state: "absent" }, "none", []],
  ] as const)("%j", (wanted, step, diff) => {
    expect(decideGroup(wanted, accounts)).toEqual({ step, diff });
  });

  it("is refused where a number is taken, or a user has no other group", () => {
    expect(() => decideGroup({ name: "new", state: "present", gid: 10 }, accounts)).toThrow(/web has the number 10/);
    expect(() => decideGroup({ name: "web", state: "absent" }, accounts)).toThrow(/it is user ada's own/);
  });

  it("is done in the system that is meant", () => {
    const wanted = { name: "web", state: "present", gid: 12, system: true } as const;
    expect(shadowTool("add", wanted, "/other")).toEqual({
      program: "groupadd",
      arguments: ["--prefix", "/other", "--gid", "12", "--system", "web"],
    });
  });
});
