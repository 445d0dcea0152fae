import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notePart, sweepParts } from "../incoming.ts";
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

  it("keeps no bits that lend the rights of another owner than the file had", async () => {
    writeFileSync(at("file"), "old");
    chownSync(at("file"), 1234, 1234);
    chmodSync(at("file"), 0o4755);
    await agent.call("add", { to: "file", text: "new", chown: "0:0" });
    expect(statSync(at("file"))).toMatchObject({ uid: 0, gid: 0, mode: 0o100755 });
    chmodSync(at("file"), 0o4755);
    await agent.call("add", { to: "file", text: "newer" });
    expect(statSync(at("file")).mode & 0o7777).toBe(0o4755);
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

describe("ADD of several files", () => {
  it("is one result: each file, folder and link below the target, with the modes of new ones", async () => {
    const [one, two] = [held("one"), held("two")];
    const files = [
      { name: "tree/b.sh", sha256: two, size: 3, mode: "0755" },
      { name: "tree", folder: true, mode: "0750" },
      { name: "tree/empty", folder: true, mode: "0700" },
      { name: "tree/link", link: "b.sh" },
      { name: "a", sha256: one, size: 3, mode: "4644" },
    ];
    const paths = ["tree", "tree/empty", "a", "tree/b.sh", "tree/link"].map((name) => at(`to/${name}`));
    mkdirSync(at("to"));
    const result = await agent.call("add", { to: "to", files });
    expect(result).toMatchObject({ changed: true, count: 5 });
    expect((result as { files: { path: string }[] }).files.map(({ path }) => path)).toEqual(paths);
    expect(paths.slice(0, 4).map((path) => (statSync(path).mode & 0o7777).toString(8))).toEqual([
      "750",
      "700",
      "644",
      "755",
    ]);
    expect(readlinkSync(at("to/tree/link"))).toBe("b.sh");
    agent.content.clear();
    expect(await agent.call("add", { to: "to", files })).toMatchObject({ changed: false, count: 5 });
  });

  it("says how far it came when one of them cannot be had", async () => {
    mkdirSync(at("to"));
    const files = [1, 2, 3].map((number) => ({ name: `${number}`, sha256: held(`${number}`), size: 1 }));
    agent.content.delete(files[1]!.sha256);
    await expect(agent.call("add", { to: "to/", files })).rejects.toMatchObject({
      message: expect.stringContaining("(1 of 3 are in their place)"),
    });
    expect(readdirSync(at("to"))).toEqual(["1"]);
  });

  it.each([["../out"], ["/etc/out"], ["a/../../out"], [""]])("refuses the name %j", async (name) => {
    await expect(agent.call("add", { to: "to/", files: [{ name, sha256: held("x"), size: 1 }] })).rejects.toThrow();
  });

  it("fills templates in on the node, strictly", async () => {
    const template = held("{% for one in list %}\n{{ one }} of {{ who }}\n{% endfor %}\n");
    const call = {
      to: "file",
      blueprint: true,
      files: [{ name: "f.j2", sha256: template, size: 1 }],
      values: { list: [1, 2], who: "you" },
    };
    expect(await agent.call("add", call)).toMatchObject({ changed: true });
    expect(readFileSync(at("file"), "utf8")).toBe("1 of you\n2 of you\n");
    expect(await agent.call("add", call)).toMatchObject({ changed: false });
    await expect(agent.call("add", { ...call, values: { list: [1], whom: "" } })).rejects.toMatchObject({
      code: "template_wrong",
      message: expect.stringContaining("who; did you mean whom?"),
    });
  });
});

describe("the plan of ADD", () => {
  const plan = { shared: { plan: true } };

  it("is a diff of text, and changes nothing", async () => {
    writeFileSync(at("file"), "a\nb\n");
    const call = { to: "file", sha256: held("a\nc\n"), chmod: "0600" };
    expect(await agent.call("add", call, plan)).toEqual({
      changed: true,
      diff: `--- ${at("file")}\n+++ ${at("file")}\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n~ ${at("file")}: mode 0644 to 0600`,
    });
    expect(readFileSync(at("file"), "utf8")).toBe("a\nb\n");
    expect(await agent.call("add", { to: "file", sha256: held("a\nb\n") }, plan)).toEqual({ changed: false, diff: "" });
  });

  it("tells of what is no text, or secret, only that it is another", async () => {
    writeFileSync(at("file"), Buffer.of(0, 1));
    const binary = { to: "file", files: [{ name: "x", sha256: held("\0"), size: 1 }] };
    expect(await agent.call("add", binary, plan)).toMatchObject({
      changed: true,
      diff: expect.stringMatching(/^~ .*2 bytes to sha256 [0-9a-f]{12}…, 1 bytes$/),
    });
    const hiding = () => ({ push: (bytes: Uint8Array) => bytes, end: () => new Uint8Array(0) });
    expect(await agent.call("add", { to: "file", text: "pin=1234" }, { ...plan, hiding })).toEqual({
      changed: true,
      diff: `~ ${at("file")}: other content`,
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)("ADD as root", () => {
  it("follows no link of another user to what is not that user's", async () => {
    writeFileSync(at("precious"), "precious");
    mkdirSync(at("theirs"));
    symlinkSync(at("precious"), at("theirs/link"));
    lchownSync(at("theirs/link"), 1, 1);
    await expect(agent.call("add", { to: "theirs/link", text: "x" })).rejects.toMatchObject({ code: "link_refused" });
    expect(readFileSync(at("precious"), "utf8")).toBe("precious");
    writeFileSync(at("own"), "");
    chownSync(at("own"), 1, 1);
    symlinkSync(at("own"), at("theirs/fine"));
    lchownSync(at("theirs/fine"), 1, 1);
    await agent.call("add", { to: "theirs/fine", text: "x" });
    expect(readFileSync(at("own"), "utf8")).toBe("x");
  });
});

describe("what came of a large file before it broke off", () => {
  const large = Buffer.alloc(5 * 1024 * 1024, "0123456789abcdef");
  const sha256 = createHash("sha256").update(large).digest("hex");
  const call = { to: "file", files: [{ name: "large", sha256, size: large.length }] };

  it("is gone on with, and nobody else's file of that name is", async () => {
    agent.content.set(sha256, large.subarray(0, 3_000_000));
    await expect(agent.call("add", call)).rejects.toMatchObject({ code: "add_failed" });
    // What is wrong is thrown away; what stopped early stays.
    expect(readdirSync(agent.home)).toEqual([".state"]);
    const part = at(`.file.${sha256.slice(0, 24)}.gantry-part`);
    writeFileSync(part, large.subarray(0, 4_000_000), { mode: 0o600 });
    agent.content.set(sha256, large);
    await agent.call("add", call);
    // From the last whole block on.
    expect(agent.asked).toEqual([0, 4_000_000 - (4_000_000 % 4096)]);
    expect(readFileSync(at("file")).equals(large)).toBe(true);
    for (const plant of [() => symlinkSync("/etc/passwd", part), () => writeFileSync(part, "x", { mode: 0o644 })]) {
      rmSync(at("file"));
      plant();
      await agent.call("add", call);
      expect(readFileSync(at("file")).equals(large)).toBe(true);
      expect(agent.asked.at(-1)).toBe(0);
    }
    expect(readdirSync(agent.home)).toEqual([".state", "file"]);
    expect(readdirSync(join(agent.state, "incoming"))).toEqual([]);
  });

  it("is swept away when nobody goes on with it", async () => {
    const part = at(".file.x.gantry-part");
    writeFileSync(part, "x");
    await notePart(agent.state, part);
    await sweepParts(agent.state, Date.now());
    expect(existsSync(part)).toBe(true);
    await sweepParts(agent.state, Date.now() + 25 * 60 * 60 * 1000);
    expect(existsSync(part)).toBe(false);
    expect(readdirSync(join(agent.state, "incoming"))).toEqual([]);
  });
});

describe("the sources of ADD", () => {
  beforeEach(() => {
    mkdirSync(at("s/deep"), { recursive: true });
    for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "we[i]rd"]) writeFileSync(at(`s/${name}`), name);
    writeFileSync(at("s/deep/a.txt"), "");
  });

  async function names(text: string): Promise<string[]> {
    return (await findSources(parseVerb("ADD", text), agent.home)).map(({ name }) => name);
  }

  it("are all that match, each once", async () => {
    expect(await names("s/*.txt s/a.txt to/")).toEqual(["a", "b", "c", "d", "e"].map((name) => `${name}.txt`));
    expect(await names("s/we[i]rd to")).toEqual(["we[i]rd"]);
    expect(await names("s/* to/")).toHaveLength(6);
  });

  it("are a folder with all in it, or what is in it", async () => {
    mkdirSync(at("s/deep/empty"), { mode: 0o700 });
    symlinkSync("a.txt", at("s/deep/link"));
    expect(await names("s/deep to/")).toEqual(["deep", "deep/a.txt", "deep/empty", "deep/link"]);
    expect(await names("s/deep/ to/")).toEqual([".", "a.txt", "empty", "link"]);
    const [, file, empty, link] = await findSources(parseVerb("ADD", "s/deep to/"), agent.home);
    expect(file).toEqual({ path: at("s/deep/a.txt"), name: "deep/a.txt", mode: "0644", size: 0 });
    expect(empty).toMatchObject({ folder: true, mode: "0700" });
    expect(link).toMatchObject({ link: "a.txt" });
  });

  it.each([
    ["s/a.txt s/missing to/", "add_source_missing"],
    ["s/*.none to/", "add_source_missing"],
    ["s/*.txt to", "verb_text_wrong"],
    ["s/a.txt s/deep/a.txt to/", "verb_text_wrong"],
  ])("%s is refused whole", async (text, code) => {
    await expect(names(text)).rejects.toMatchObject({ code });
  });
});
