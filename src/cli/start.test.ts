import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

/** Tells at the end what was loaded. */
const WATCH = `
import { registerHooks } from "node:module";
const files = [];
registerHooks({ load(url, context, next) { if (url.startsWith("file:")) files.push(url); return next(url, context); } });
const before = new Set(process.moduleLoadList);
process.on("exit", () => {
  const builtin = process.moduleLoadList.filter((one) => !before.has(one));
  process._rawDebug("LOADED " + JSON.stringify({ files, builtin }));
});
`;

interface Loaded {
  readonly files: readonly string[];
  readonly builtin: readonly string[];
}

/** What a command loads that finds no server. */
async function loadedBy(...parameters: readonly string[]): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const watching = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const environment = { PATH: process.env["PATH"], GANTRY_DATA: folder, XDG_CACHE_HOME: folder };
  const said = await new Promise<string>((resolve) => {
    const given = ["--import", watching, join(import.meta.dirname, "main.js"), ...parameters];
    execFile(process.execPath, given, { env: environment }, (_error, _out, error) => resolve(error));
  });
  return JSON.parse(/^LOADED (.*)$/m.exec(said)![1]!) as Loaded;
}

/** Every file takes a third of a millisecond. */
const MOST_FILES = 40;

describe("the start of a command", () => {
  it("loads what the command needs, and nothing of others", async () => {
    const { files, builtin } = await loadedBy("exec", "--target", "web1", "uptime");
    const own = files.filter((url) => url.includes("/src/")).map((url) => url.slice(url.indexOf("/src/")));
    expect(own).toContain("/src/cli/exec.ts");
    expect(own.filter((path) => path.endsWith("-program.ts"))).toEqual(["/src/cli/start-program.ts"]);
    expect(own.filter((path) => path.startsWith("/src/platform/"))).toEqual(["/src/platform/socket-path/index.ts"]);
    expect(files.length).toBeLessThan(MOST_FILES);
    // Each takes milliseconds, and comes in by an import of `node:crypto`, `node:util`, `node:fs` or `node:fs/promises`.
    for (const slow of ["crypto", "worker_threads", "internal/fs/streams", "internal/fs/promises"])
      expect(builtin).not.toContain(`NativeModule ${slow}`);
  });

  it("loads no command to say which version it is", async () => {
    const { files } = await loadedBy("--version");
    expect(files.filter((url) => url.endsWith("-program.ts"))).toEqual([]);
  });
});
