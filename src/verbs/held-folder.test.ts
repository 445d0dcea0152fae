import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ADD_FAILED } from "./errors.ts";
import { contentOf, placeFile } from "./files.ts";
import { inHeldFolder, inMadeFolder } from "./held-folder.ts";
import type { VerbContext } from "./verb.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-held-"));
  for (const name of ["own/sub", "others/sub"]) mkdirSync(join(folder, name), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const below = (...names: readonly string[]): string => join(folder, ...names);

/** What somebody does who may write into a folder on the way. */
function exchange(): void {
  renameSync(below("own"), below("moved"));
  symlinkSync(below("others"), below("own"));
}

describe("a folder that is held", () => {
  it("stays the same while something is done in it, whatever its path leads to by then", async () => {
    const before = readdirSync("/proc/self/fd").length;
    await inHeldFolder(below("own/sub/file"), async (at) => {
      exchange();
      await writeFile(at, "text");
    });
    expect(readFileSync(below("moved/sub/file"), "utf8")).toBe("text");
    expect(existsSync(below("others/sub/file"))).toBe(false);
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });

  it("is not reached by a link that came there since its path was looked at", async () => {
    exchange();
    for (const attempt of [
      () => inHeldFolder(below("own/sub/file"), (at) => writeFile(at, "text")),
      () => inMadeFolder(below("own/sub/deep"), async () => undefined),
    ])
      await expect(attempt()).rejects.toMatchObject({
        code: "ENOTDIR",
        message: expect.stringContaining(`'${below("own")}'`) as string,
      });
    expect(readdirSync(below("others/sub"))).toEqual([]);
  });

  it("is made with those above it, and not when it is there", async () => {
    expect(await inMadeFolder(below("new/deep"), async (_at, made) => made)).toBe(true);
    expect(await inMadeFolder(below("new/deep"), async (_at, made) => made)).toBe(false);
    writeFileSync(below("file"), "");
    await expect(inMadeFolder(below("file"), async () => undefined)).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(inHeldFolder(below("none/file"), async () => undefined)).rejects.toMatchObject({
      code: "ENOENT",
      message: expect.stringContaining(`'${below("none")}'`) as string,
    });
  });

  it("takes a file that is on its way while the folder is exchanged for a link", async () => {
    const { signal } = new AbortController();
    const content = contentOf(Buffer.from("secret"));
    async function* read(): AsyncIterable<Uint8Array> {
      exchange();
      yield* content.read(0);
    }
    const wanted = { uid: undefined, gid: undefined, mode: undefined };
    const placing = { path: below("own/sub/file"), wanted, newMode: 0o644, failure: ADD_FAILED };
    await placeFile({ signal } as VerbContext, { ...placing, content: { ...content, read } });
    expect(readFileSync(below("moved/sub/file"), "utf8")).toBe("secret");
    expect(readdirSync(below("others/sub"))).toEqual([]);
  });
});
