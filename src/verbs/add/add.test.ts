import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";
import { findSources } from "./sources.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

function held(text: string): string {
  const hash = createHash("sha256").update(text).digest("hex");
  agent.content.set(hash, Buffer.from(text));
  return hash;
}

function at(path: string): string {
  return join(agent.home, path);
}

describe("ADD", () => {
  it("puts a file in its place, and says whether that changed anything", async () => {
    const sha256 = held("one");
    expect(await agent.call("add", { to: "file", sha256 })).toEqual({ path: at("file"), sha256, changed: true });
    expect(readFileSync(at("file"), "utf8")).toBe("one");
    expect(statSync(at("file")).mode & 0o777).toBe(0o644);
    agent.content.clear();
    expect(await agent.call("add", { to: "file", sha256 })).toMatchObject({ changed: false });
  });

  it("replaces the old file when the content is new, keeping its mode", async () => {
    writeFileSync(at("file"), "old");
    chmodSync(at("file"), 0o751);
    expect(await agent.call("add", { to: "file", text: "new" })).toMatchObject({ changed: true });
    expect(readFileSync(at("file"), "utf8")).toBe("new");
    expect(statSync(at("file")).mode & 0o777).toBe(0o751);
    writeFileSync(at("file"), "changed behind its back");
    expect(await agent.call("add", { to: "file", text: "new" })).toMatchObject({ changed: true });
  });

  it("takes a folder as the target of a file with a name", async () => {
    mkdirSync(at("folder"));
    await agent.call("add", { to: "folder", name: "a", text: "x" });
    await agent.call("add", { to: "folder/", name: "b", text: "x" });
    expect(readdirSync(at("folder"))).toEqual(["a", "b"]);
    await expect(agent.call("add", { to: "folder", text: "x" })).rejects.toMatchObject({ code: "add_failed" });
  });

  it("keeps a file with secrets for its owner alone, and tells no hash of it", async () => {
    const hiding = () => ({ push: (bytes: Uint8Array) => bytes, end: () => new Uint8Array(0) });
    const call = { to: "file", text: "pin=1234" };
    expect(await agent.call("add", call, { hiding })).toEqual({ path: at("file"), changed: true });
    expect(statSync(at("file")).mode & 0o777).toBe(0o600);
    expect(await agent.call("add", { ...call, chmod: "0640" }, { hiding })).toEqual({
      path: at("file"),
      changed: true,
    });
    expect(await agent.call("add", call, { hiding })).toEqual({ path: at("file"), changed: false });
    expect(statSync(at("file")).mode & 0o777).toBe(0o640);
  });

  it("sets owner and mode, also of a file that has its content", async () => {
    const own = `${process.getuid?.()}:${process.getgid?.()}`;
    await agent.call("add", { to: "file", text: "x", chmod: "0600", chown: own });
    expect(statSync(at("file")).mode & 0o777).toBe(0o600);
    expect(await agent.call("add", { to: "file", text: "x", chmod: "0640" })).toMatchObject({ changed: true });
    expect(await agent.call("add", { to: "file", text: "x", chmod: "0640" })).toMatchObject({ changed: false });
    await expect(agent.call("add", { to: "file", text: "x", chown: "rooot" })).rejects.toMatchObject({
      code: "owner_unknown",
    });
  });

  it.skipIf(process.getuid?.() !== 0)("gives a file to another user, by name or number", async () => {
    await agent.call("add", { to: "file", text: "x", chown: "daemon:1" });
    expect([statSync(at("file")).uid, statSync(at("file")).gid]).toEqual([1, 1]);
    await agent.call("add", { to: "file", text: "x", chown: ":0" });
    expect([statSync(at("file")).uid, statSync(at("file")).gid]).toEqual([1, 0]);
  });

  it("follows a link instead of replacing it", async () => {
    writeFileSync(at("real"), "old");
    symlinkSync("real", at("link"));
    await agent.call("add", { to: "link", text: "new" });
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("real"), "utf8")).toBe("new");
  });

  it("leaves the old file as it is when what arrives is wrong, and nothing beside it", async () => {
    writeFileSync(at("file"), "old");
    const sha256 = held("right");
    agent.content.set(sha256, Buffer.from("wrong"));
    await expect(agent.call("add", { to: "file", sha256 })).rejects.toMatchObject({ code: "add_failed" });
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    expect(readdirSync(agent.home)).toEqual([".state", "file"]);
  });

  it("says that the folder is missing, and makes none", async () => {
    await expect(agent.call("add", { to: "missing/file", text: "x" })).rejects.toMatchObject({
      code: "add_failed",
      message: expect.stringContaining(`the folder ${at("missing")} does not exist`),
    });
    expect(existsSync(at("missing"))).toBe(false);
  });
});

describe("the sources of ADD", () => {
  beforeEach(() => {
    mkdirSync(at("s/deep"), { recursive: true });
    for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "we[i]rd"]) writeFileSync(at(`s/${name}`), name);
    writeFileSync(at("s/deep/a.txt"), "");
  });

  async function names(text: string): Promise<string[]> {
    return (await findSources(parseVerb("ADD", text), agent.home)).map(({ path }) => path.slice(agent.home.length + 1));
  }

  it("are all that match, each once", async () => {
    expect(await names("s/*.txt s/a.txt to/")).toEqual(["a", "b", "c", "d", "e"].map((name) => `s/${name}.txt`));
    expect(await names("s/we[i]rd to")).toEqual(["s/we[i]rd"]);
    expect(await names("s/* to/")).toHaveLength(6);
  });

  it("carry the name and the options on", async () => {
    const [one] = await findSources(parseVerb("ADD", "--chmod 600 s/a.txt to/"), agent.home);
    expect(one).toEqual({ path: at("s/a.txt"), parameters: { to: "to/", chmod: "600", name: "a.txt" } });
  });

  it.each([
    ["s/a.txt s/missing to/", "add_source_missing"],
    ["s/*.none to/", "add_source_missing"],
    ["s/*.txt to", "verb_text_wrong"],
    ["s/a.txt s/deep/a.txt to/", "verb_text_wrong"],
    ["s to/", "verb_text_wrong"],
  ])("%s is refused whole", async (text, code) => {
    await expect(names(text)).rejects.toMatchObject({ code });
  });
});
