import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What is published: bundles, without sources and without packages beside them. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-templates-"));
  await build({
    entryPoints: {
      main: join(import.meta.dirname, "index.ts"),
      clock: join(import.meta.dirname, "../kernel/clock.ts"),
      "template-worker": join(import.meta.dirname, "worker.ts"),
    },
    outdir: folder,
    bundle: true,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".js" },
    logLevel: "error",
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const script = `
  import { createRenderer } from "./main.js";
  import { systemClock } from "./clock.js";
  const renderer = createRenderer({ clock: systemClock });
  const template = { name: "x", text: "{{ a | upper }}", values: { a: "b" }, mode: "strict" };
  console.log(await renderer.render(template).catch((error) => error.code + " " + error.message));`;

async function run(): Promise<string> {
  const ended = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder });
  return ended.stdout.trim();
}

test("the bundle renders with its thread's bundle and the engine beside it, and says what is missing", async () => {
  expect(await run()).toBe("template_engine_failed the template engine broke off: minijinja_js_bg.wasm is missing");
  const engine = createRequire(import.meta.url).resolve("minijinja-js/dist/web/minijinja_js_bg.wasm");
  await copyFile(engine, join(folder, "minijinja_js_bg.wasm"));
  expect(await run()).toBe("B");
});
