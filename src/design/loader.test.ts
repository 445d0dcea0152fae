import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findScript } from "../blueprints/index.ts";
import { GantryError, problemText } from "../kernel/errors.ts";
import { checkBundle, loadBundle } from "./loader.ts";
import { siteFile } from "./testing.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-loader-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

async function readDesign(paths: readonly string[]) {
  return checkBundle(await loadBundle(paths));
}

/** What reading and checking says, with the folder left out. */
async function told(...paths: readonly string[]): Promise<string[]> {
  const error: unknown = await readDesign(paths.map((path) => join(folder, path))).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GantryError)) throw error ?? new Error("nothing was wrong");
  const lines = error.problems.length === 0 ? [`${error.message} (${error.code})`] : error.problems.map(problemText);
  return lines.map((line) => line.replaceAll(`${folder}/`, ""));
}

const blueprints = (file: string): string =>
  `design: d\nblueprints: { b: { builds: structure, scripts: { create: { file: ${file} } } } }\n`;

describe("loading a design", () => {
  it("reads folders in order, and the files that documents name beside them", async () => {
    await put({
      "site/b.yml": "sites: { lab: {} }",
      "site/a.yaml": blueprints("scripts/create.t"),
      "site/deep/c.yaml": 'blueprints: { c: { builds: structure, templates: { "x": { file: ../scripts/create.t } } } }',
      "site/scripts/create.t": "pass\n",
      "site/.hidden/no.yaml": "- broken",
      "site/node_modules/no.yaml": "- broken",
      "site/readme.md": "- broken",
    });
    const { bundle } = await loadBundle([join(folder, "site")]);
    expect(bundle.documents.map(({ path }) => path.slice(folder.length + 1))).toEqual([
      "site/a.yaml",
      "site/b.yml",
      "site/deep/c.yaml",
    ]);
    expect(Object.entries(bundle.files)).toEqual([[join(folder, "site/scripts/create.t"), "pass\n"]]);
    const { design } = await readDesign([join(folder, "site"), join(folder, "site/a.yaml")]);
    expect(design.blueprints.get("c")?.templates["x"]?.text).toBe("pass\n");
  });

  it("reads the examples", async () => {
    const { design, warnings } = await readDesign([join(import.meta.dirname, "../../examples/quickstart")]);
    expect([design.name, design.structures.size, design.foundations.size, warnings]).toEqual(["quickstart", 4, 4, []]);
    const create = findScript(design.blueprints, "web", "create");
    expect(create?.origin.file.endsWith("examples/quickstart/scripts/web-create.t")).toBe(true);
  });

  it("shows paths as they were given", async () => {
    await put({ "a.yaml": siteFile() });
    const here = process.cwd();
    process.chdir(folder);
    try {
      const { design } = await readDesign(["."]);
      expect(design.places.get("site lab")).toEqual({ file: "a.yaml", line: 3, column: 3 });
      expect((await loadBundle(["./a.yaml"])).bundle.documents.map(({ path }) => path)).toEqual(["a.yaml"]);
    } finally {
      process.chdir(here);
    }
  });

  it("takes no file from outside, by dots, links or absolute paths, and does not tell whether it is there", async () => {
    await put({ "secret.t": "pass", "site/a.yaml": blueprints("../secret.t"), "site/b.yaml": "" });
    expect(await told("site")).toEqual([
      "site/a.yaml:2:66: the file 'secret.t' lies outside of the folder that was given (file_outside)",
    ]);
    await put({ "site/a.yaml": blueprints("../nothing/here.t") });
    expect(await told("site")).toEqual([
      "site/a.yaml:2:66: the file 'nothing/here.t' lies outside of the folder that was given (file_outside)",
    ]);
    await symlink(join(folder, "secret.t"), join(folder, "site/link.t"));
    await put({ "site/a.yaml": blueprints("link.t") });
    expect(await told("site")).toEqual([
      "site/a.yaml:2:66: the file 'site/link.t' lies outside of the folder that was given (file_outside)",
    ]);
    await put({ "site/a.yaml": blueprints("/etc/passwd") });
    expect(await told("site")).toEqual([
      "site/a.yaml:2:66: the file '/etc/passwd' lies outside of the folder that was given (file_outside)",
    ]);
    // Given the folder that holds both, it is taken.
    await put({ "site/a.yaml": blueprints("../secret.t") });
    expect((await readDesign([folder])).design.name).toBe("d");
  });

  it("names a file that is missing, a folder, or not text, where it is named", async () => {
    await put({ "a.yaml": blueprints("x.t") });
    expect(await told("a.yaml")).toEqual(["a.yaml:2:66: the file 'x.t' is not there (file_missing)"]);
    await mkdir(join(folder, "x.t"));
    expect(await told("a.yaml")).toEqual(["a.yaml:2:66: 'x.t' is not a file (file_unreadable)"]);
    await rm(join(folder, "x.t"), { recursive: true });
    await put({ "x.t": new Uint8Array([0xff, 0xfe]) });
    expect(await told("a.yaml")).toEqual(["a.yaml:2:66: 'x.t' is not UTF-8 text (file_unreadable)"]);
  });

  it("names paths that hold nothing to read", async () => {
    await mkdir(join(folder, "empty"));
    expect(await told("empty")).toEqual([
      `there are no .yaml or .yml files in empty (no_documents)`.replace(
        "empty",
        join(folder, "empty").replace(`${folder}/`, ""),
      ),
    ]);
    expect(await told("nope.yaml", "nor/this")).toEqual([
      "'nope.yaml' cannot be read: is not there (file_unreadable)",
      "'nor/this' cannot be read: is not there (file_unreadable)",
    ]);
  });

  it("does not even read what is too large", async () => {
    await put({ "a.yaml": `# ${"x".repeat(50 * 1024 * 1024)}` });
    expect(await told("a.yaml")).toEqual([
      "the documents and the files they name hold more than 8 MiB (bundle_too_large)",
    ]);
    await put({ "a.yaml": blueprints("x.t"), "x.t": "x".repeat(9 * 1024 * 1024) });
    expect(await told("a.yaml")).toEqual([
      "the documents and the files they name hold more than 8 MiB (bundle_too_large)",
    ]);
  });
});
