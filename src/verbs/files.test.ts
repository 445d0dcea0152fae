import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { textAt } from "./files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the text of a file", () => {
  it("is read up to a length, when it is text", async () => {
    writeFileSync(join(folder, "file"), "text");
    writeFileSync(join(folder, "bytes"), Buffer.from([0, 1]));
    expect(await textAt(join(folder, "file"), 4)).toBe("text");
    expect(await textAt(join(folder, "file"), 3)).toBeNull();
    expect(await textAt(join(folder, "bytes"), 10)).toBeNull();
    expect(await textAt(join(folder, "none"), 10)).toBeUndefined();
  });

  it("is not read through what became a link meanwhile", async () => {
    writeFileSync(join(folder, "secret"), "of somebody else");
    symlinkSync(join(folder, "secret"), join(folder, "file"));
    expect(await textAt(join(folder, "file"), 100)).toBeNull();
  });
});
