import { execFile } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tgzOf, zipOf, type BundleEntry } from "../src/exchange/bundle.ts";

const run = promisify(execFile);
const MODIFIED = new Date("2026-01-02T03:04:06Z");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-bundle-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ENTRIES: readonly BundleEntry[] = [
  { path: "a.txt", mode: 0o644, content: "text" },
  { path: "deep/er/é.bin", mode: 0o600, content: new Uint8Array([0, 255]) },
  { path: `deep/${"x".repeat(150)}.yml`, mode: 0o644, content: "y".repeat(100_000) },
  { path: "empty", mode: 0o644, content: "" },
];

test("a tgz holds the files with their modes", async () => {
  await pipeline(tgzOf(ENTRIES, MODIFIED), createWriteStream(join(folder, "b.tgz")));
  await run("tar", ["-xzf", "b.tgz"], { cwd: folder });
  expect(read()).toEqual(EXPECTED);
  expect(statSync(join(folder, "deep/er/é.bin")).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "deep")).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, "a.txt")).mtime).toEqual(MODIFIED);
});

test("a zip holds the files with their modes", async () => {
  await pipeline(zipOf(ENTRIES, MODIFIED), createWriteStream(join(folder, "b.zip")));
  await run("python3", ["-m", "zipfile", "-e", "b.zip", "."], { cwd: folder });
  expect(read()).toEqual(EXPECTED);
});

test("a zip holds files from before its first year, and more than 65,535 of them", async () => {
  const many = Array.from({ length: 66_000 }, (_, index) => ({ path: `f/${index}`, mode: 0o644, content: "" }));
  await pipeline(zipOf(many, new Date(0)), createWriteStream(join(folder, "b.zip")));
  const program =
    "import zipfile; z = zipfile.ZipFile('b.zip'); print(len(z.namelist()), z.testzip(), z.infolist()[-1].date_time[0])";
  const { stdout } = await run("python3", ["-c", program], { cwd: folder });
  expect(stdout).toBe("66000 None 1980\n");
});

test("what goes wrong while it is made ends it", async () => {
  function* failing(): Generator<BundleEntry> {
    yield ENTRIES[0]!;
    throw new Error("broken");
  }
  await expect(pipeline(tgzOf(failing(), MODIFIED), createWriteStream(join(folder, "x")))).rejects.toThrow("broken");
  await expect(pipeline(zipOf(failing(), MODIFIED), createWriteStream(join(folder, "x")))).rejects.toThrow("broken");
});

test("it holds other bundles", async () => {
  const inner = { path: "web1.tgz", bundle: () => tgzOf(ENTRIES, MODIFIED) };
  await pipeline(tgzOf([inner], MODIFIED), createWriteStream(join(folder, "b.tgz")));
  await run("tar", ["-xzf", "b.tgz"], { cwd: folder });
  await run("tar", ["-xzf", "web1.tgz"], { cwd: folder });
  expect(read()).toEqual(EXPECTED);
});

const EXPECTED = ENTRIES.map(({ path, ...entry }) => [path, Buffer.from("content" in entry ? entry.content : "")]);

function read(): readonly (readonly [string, Buffer])[] {
  return ENTRIES.map(({ path }) => [path, readFileSync(join(folder, path))]);
}

test("a tgz holds names of any length, as other programs read them", async () => {
  const names = Array.from({ length: 30 }, (_, more) => `d/${"é".repeat(more % 2)}${"n".repeat(80 + more)}`);
  const entries = names.map((path) => ({ path, mode: 0o644, content: path }));
  await pipeline(tgzOf(entries, new Date(-1)), createWriteStream(join(folder, "b.tgz")));
  const program = [
    "import json, tarfile",
    "t = tarfile.open('b.tgz')",
    "print(json.dumps([[m.name, t.extractfile(m).read().decode()] for m in t.getmembers() if m.isfile()]))",
  ];
  const { stdout } = await run("python3", ["-c", program.join("\n")], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual(names.map((name) => [name, name]));
  await run("tar", ["-xzf", "b.tgz"], { cwd: folder });
  expect(readFileSync(join(folder, names[29]!), "utf8")).toBe(names[29]);
});
