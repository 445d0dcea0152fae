import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probeScript, putScript, readProbe } from "./scripts.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string, sent = text): number | null {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return spawnSync("sh", ["-c", putScript(path, "640", sha256)], { input: sent, cwd: folder }).status;
}

describe("the look at a machine", () => {
  it("finds as which node its agent has joined", () => {
    const look = () =>
      readProbe(spawnSync("sh", ["-c", probeScript(folder, "r1", false)], { encoding: "utf8" }).stdout);
    expect(look()).toMatchObject({ folder, joined: false, node: "", whole: false, running: false });
    mkdirSync(join(folder, "state"));
    const identity = { urls: ["https://192.0.2.1"], ca: 'a\n"name"', id: "1", name: "web1", key: "b\n", token: "" };
    writeFileSync(join(folder, "state/identity.json"), JSON.stringify(identity));
    expect(look()).toMatchObject({ joined: true, node: "web1" });
  });
});

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
