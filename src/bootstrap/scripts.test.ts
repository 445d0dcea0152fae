import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { putScript } from "./scripts.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string, sent = text): number | null {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return spawnSync("sh", ["-c", putScript(path, "640", sha256)], { input: sent, cwd: folder }).status;
}

describe("a file that is put in its place", () => {
  it("is there whole, with its mode, or not at all", () => {
    expect(put(`${folder}/it's/a file`, "text")).toBe(0);
    expect(readFileSync(join(folder, "it's/a file"), "utf8")).toBe("text");
    expect(statSync(join(folder, "it's/a file")).mode & 0o777).toBe(0o640);
    expect(put(`${folder}/it's/a file`, "more", "less")).toBe(1);
    expect(readFileSync(join(folder, "it's/a file"), "utf8")).toBe("text");
    expect(readdirSync(join(folder, "it's"))).toEqual(["a file"]);
    expect(put("-rf/file", "text")).toBe(0);
    expect(readdirSync(join(folder, "-rf"))).toEqual(["file"]);
  });

  it("goes through no link that somebody laid for its draft", () => {
    writeFileSync(join(folder, "victim"), "mine");
    symlinkSync(join(folder, "victim"), join(folder, "file.new"));
    expect(put(`${folder}/file`, "text")).toBe(0);
    expect(readFileSync(join(folder, "victim"), "utf8")).toBe("mine");
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("text");
  });
});
