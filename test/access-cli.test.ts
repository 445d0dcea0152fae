import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, type Bench } from "./support/gantry.ts";

/** Accounts, roles and tokens from the command line, on a server of its own. */

let bench: Bench;
beforeAll(async () => {
  bench = createBench();
  expect((await bench.gantry(["server", "start"])).code).toBe(0);
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

/** What a command that is to succeed prints. */
async function told(...args: readonly string[]): Promise<string> {
  const { code, out, error } = await bench.gantry(args);
  expect([args, code, error.includes("error:")]).toEqual([args, 0, false]);
  return out;
}

async function refused(...args: readonly string[]): Promise<readonly [number | null, string]> {
  const { code, out, error } = await bench.gantry(args);
  expect([args, out]).toEqual([args, ""]);
  return [code, error];
}

describe("gantry account, role, binding and token", () => {
  it("let a program in, and out again", async () => {
    await told("account", "create", "robot", "--display-name", "A robot");
    await told("role", "create", "builder", "--permission", "inventory.read", "--permission", "inventory.write");
    await told("role", "set", "builder", "--description", "builds");
    expect(await told("role", "show", "builder")).toBe("builder: builds\n  inventory.read\n  inventory.write\n");
    const binding = await told("binding", "create", "builder", "--account", "robot");
    const [, id = ""] = /^robot is builder in the whole tenant \((.+)\)\n$/.exec(binding) ?? [];
    expect(id).not.toBe("");

    // The token alone goes to standard output, so that a script can take it.
    const made = await bench.gantry(["token", "create", "t", "--account", "robot", "--lasts", "12h"]);
    expect(made.out).toMatch(/^gantry_account_[A-Za-z0-9_-]{43}\n$/);
    expect(made.error).toMatch(/^It is shown this once, and ends \d{4}-/);
    const listed = JSON.parse(await told("token", "list", "--account", "robot", "-o", "json")) as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(["t"]);

    expect(await refused("role", "delete", "builder")).toEqual([
      2,
      expect.stringContaining("is bound once (role_in_use)"),
    ]);
    await told("token", "revoke", "t", "--account", "robot");
    await told("binding", "delete", id);
    await told("role", "delete", "builder");
    await told("account", "disable", "robot");
    expect(await told("account", "list")).toMatch(/^robot +service +A robot +- +local +disabled$/m);
    await told("account", "enable", "robot");
    expect(await refused("account", "delete", "robot")).toEqual([2, expect.stringContaining("(confirmation_needed)")]);
    await told("account", "delete", "robot", "--yes");
    expect(await refused("account", "show", "robot")).toEqual([1, expect.stringContaining("(account_unknown)")]);
  });

  it.each([
    [["binding", "create", "viewer"], "who gets the role? Give --account ACCOUNT or --directory-group GROUP (usage)"],
    [
      ["binding", "create", "viewer", "--account", "a", "--site", "s", "--server"],
      "a role is bound to one place: --site, --group, --project or --server (usage)",
    ],
    [["token", "create", "t", "--lasts", "forever"], "--lasts forever is not a time: 30m, 12h, 90d (usage)"],
    [["token", "create", "t"], "is no account (account_needed)"],
    [["role", "create", "r", "--permission", "job.reed"], "did you mean 'job.read'? (role_invalid)"],
    [["role", "delete", "viewer"], "the role 'viewer' is built in and stays as it is (role_invalid)"],
    [["account", "create", "two words"], "must be letters, digits"],
  ])("refuse %j, and say what is wrong", async (args, message) => {
    expect(await refused(...args)).toEqual([2, expect.stringContaining(message)]);
  });

  it("say who one is", async () => {
    expect(await told("whoami")).toMatch(/^name +administrator \(socket\)\nkind +administrator\ntenant +default\n/);
    expect(JSON.parse(await told("whoami", "-o", "json"))).toMatchObject({ kind: "administrator", token: null });
  });
});
