import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CommandContext } from "./context.ts";
import { writeFetched } from "./run-fetched.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), "gantry-fetched-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = createHash("sha256").update("x").digest("hex");

/** Writes what a node of this name says that it brought. */
async function fetch(
  node: string,
  path: string,
  { sent = "x", to = `${folder}/out`, within }: { sent?: string; to?: string; within?: string } = {},
): Promise<string> {
  let said = "";
  async function* listing<Item>(items: readonly Item[]): AsyncIterable<Item> {
    yield* items;
  }
  const client = {
    runs: {
      verbs: () => listing([{ job: 1, verb: "GET", text: `/a ${to}` }]),
      results: () => listing([{ node, job: 1, value: { files: [{ path, sha256, size: 1 }] } }]),
    },
    content: { get: () => Promise.resolve(listing([Buffer.from(sent)])) },
  };
  await writeFetched(
    { client, terminal: { error: (text: string) => (said += text) } } as unknown as CommandContext,
    "run",
    within,
  );
  return said;
}

describe("what nodes bring", () => {
  it("stands under the name of its node, with its whole path", async () => {
    expect(await fetch("web1", "/etc/hosts")).toBe(`1 file (1 bytes) in ${folder}/out\n`);
    expect(readFileSync(join(folder, "out/web1/etc/hosts"), "utf8")).toBe("x");
  });

  it.each([
    ["web1", "/../../escaped"],
    ["web1", "/a/../../../escaped"],
    ["..", "/escaped"],
    ["a/../..", "/escaped"],
    ["web1", "/a\0b"],
    [".ssh", "/authorized_keys"],
  ])("goes nowhere else: %j %j", async (node, path) => {
    await expect(fetch(node, path)).rejects.toMatchObject({ code: "file_not_fetched" });
    expect(readdirSync(folder).filter((name) => name !== "out")).toEqual([]);
  });

  it("goes through no link below the folder, and is refused when it is wrong", async () => {
    mkdirSync(join(folder, "out/web1"), { recursive: true });
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "out/web1/etc"));
    await expect(fetch("web1", "/etc/hosts")).rejects.toMatchObject({ code: "file_not_fetched" });
    await expect(fetch("web1", "/hosts", { sent: "y" })).rejects.toMatchObject({ code: "file_not_fetched" });
    expect(readdirSync(join(folder, "elsewhere"))).toEqual([]);
    expect(existsSync(join(folder, "out/web1/hosts"))).toBe(false);
    expect(readdirSync(join(folder, "out/web1"))).toEqual(["etc"]);
  });

  it("of a run that somebody else wrote goes below the present folder, into nothing hidden, through no link", async () => {
    const within = join(folder, "here");
    await fetch("web1", "/etc/hosts", { to: "out", within });
    expect(readFileSync(join(within, "out/web1/etc/hosts"), "utf8")).toBe("x");
    symlinkSync(folder, join(within, "link"));
    for (const to of ["/etc", folder, "..", "out/../../x", ".config", "out/.git", "link"])
      await expect(fetch("web1", "/file", { to, within })).rejects.toMatchObject({ code: "file_not_fetched" });
    expect(readdirSync(folder)).toEqual(["here"]);
  });
});
