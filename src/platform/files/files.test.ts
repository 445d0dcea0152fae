import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensurePrivateFolder, isSameProcess, ownProcess, processStart, writePrivateFile } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("private files", () => {
  it("are the owner's alone and replace what was there", async () => {
    const path = join(folder, "a", "b");
    await ensurePrivateFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const file = join(path, "token");
    writeFileSync(file, "old", { mode: 0o644 });
    await writePrivateFile(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path)).toEqual(["token"]);
  });

  it("cannot be made below a file", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(ensurePrivateFolder(join(folder, "file", "x"))).rejects.toMatchObject({ code: "folder_not_private" });
  });
});

describe("processes", () => {
  it("are named by pid and start time", async () => {
    const own = ownProcess();
    expect(isSameProcess(own)).toBe(true);
    expect(isSameProcess({ ...own, start: "1" })).toBe(false);
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    expect(processStart(child.pid!)).toBeUndefined();
  });
});
