import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samples } from "./rules.samples.ts";

// Runs the real linter with the repository's own configuration over bad samples, so that a rule that is not wired, or that sees
// nothing, is not taken for a clean house.

const repository = join(import.meta.dirname, "..");

interface Report {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
  readonly number_of_rules: number;
}

let root: string;
let found: readonly string[];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "gantry-lint-"));
  cpSync(join(repository, ".oxlintrc.json"), join(root, ".oxlintrc.json"));
  cpSync(join(repository, "lint"), join(root, "lint"), { recursive: true });
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
  for (const [path, text] of Object.entries(samples)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  found = findings(await lint());
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function lint(): Promise<Report> {
  const linter = join(repository, "node_modules/oxlint/bin/oxlint");
  const run = promisify(execFile)(process.execPath, [linter, "-f", "json", "src", "test"], { cwd: root });
  const { stdout } = await run.catch((failure: { stdout: string }) => failure);
  return JSON.parse(stdout) as Report;
}

function findings(report: Report): readonly string[] {
  return report.diagnostics
    .map((one) => `${relative(root, join(root, one.filename))}:${one.labels[0]?.span.line} ${one.code}`)
    .toSorted();
}

/** What the samples say about themselves: a line that ends in `// bad: RULE` must be found, no other line may. */
function expected(): readonly string[] {
  return Object.entries(samples)
    .flatMap(([path, text]) =>
      text.split("\n").flatMap((line, index) => {
        const rule = /\/\/ bad: (\S+)$/.exec(line)?.[1];
        return rule === undefined ? [] : [`${path}:${index + 1} ${rule.replace(/^(\S+)\/(\S+)$/, "$1($2)")}`];
      }),
    )
    .toSorted();
}

describe("the lint configuration", () => {
  it("finds every bad line of the samples, and nothing else", () => {
    expect(found).toEqual(expected());
  });

  it("has a bad sample for each of our rules", () => {
    const configuration = JSON.parse(readFileSync(join(repository, ".oxlintrc.json"), "utf8")) as {
      readonly rules: Readonly<Record<string, unknown>>;
    };
    const ours = Object.keys(configuration.rules).filter((rule) => rule.startsWith("gantry/"));
    expect(ours.length).toBeGreaterThan(0);
    for (const rule of ours) expect(Object.values(samples).join("\n")).toContain(`// bad: ${rule}\n`);
  });
});
