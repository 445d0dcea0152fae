import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The documents show commands that work: every block marked `console run` is run, in the order of its page, in a folder as a newcomer has
// it; what stands below a command is its output, in which `…` stands for anything. So is every program marked `ts run`; what it prints is in the
// block `output` behind it. Scripts and site files are checked as well.

const root = join(import.meta.dirname, "..");
const pages = ["README.md", ...globSync("docs/*.md", { cwd: root })].toSorted();

/** The quickstart on addresses of its own, so that one that runs on this machine is not in the way. */
const [SHOWN_NETWORK, NETWORK] = ["127.80.0.", "127.87.0."];

interface Block {
  readonly page: string;
  readonly line: number;
  /** What stands behind the opening fence: `console run`. */
  readonly info: string;
  readonly text: string;
}

interface Command {
  readonly text: string;
  readonly expected: readonly string[];
}

const blocks: readonly Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length,
    info: match[1] ?? "",
    text: (match[2] ?? "").replaceAll(SHOWN_NETWORK, NETWORK),
  }));
});

function commandsOf(block: Block): readonly Command[] {
  const commands: { text: string; expected: string[] }[] = [];
  for (const line of block.text.trimEnd().split("\n")) {
    if (line.startsWith("$ ")) commands.push({ text: line.slice(2).replace(/\s+#.*$/, ""), expected: [] });
    else commands.at(-1)?.expected.push(line);
  }
  return commands;
}

/** Runs one line as a newcomer types it, and gives everything it printed. */
function type(line: string, cwd: string): Promise<{ readonly code: number | string; readonly output: string }> {
  return new Promise((resolve) => {
    const environment = { ...process.env, NO_COLOR: "1" };
    execFile("bash", ["-c", `exec 2>&1; ${line}`], { cwd, env: environment }, (failure, output) => {
      resolve({ code: failure?.code ?? 0, output });
    });
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function pattern(expected: readonly string[]): RegExp {
  const parts = expected.map((line) => line.trimEnd().split("…").map(escaped).join(".*"));
  // A line that is only `…` stands for any number of lines.
  return new RegExp(`^${parts.map((part) => (part === ".*" ? "(?:.*\\n)*?" : `${part}[ \\t]*\\n`)).join("")}$`);
}

describe.each(pages.filter((page) => blocks.some((block) => block.page === page && block.info === "console run")))(
  "%s",
  (page) => {
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "gantry-docs-"));
      cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
      const site = join(folder, "examples/quickstart/site.yaml");
      writeFileSync(site, readFileSync(site, "utf8").replaceAll(SHOWN_NETWORK, NETWORK));
      symlinkSync(join(root, "gantry"), join(folder, "gantry"));
    });

    afterAll(async () => {
      await type("./gantry down --purge --yes", folder);
      rmSync(folder, { recursive: true, force: true });
    });

    const own = blocks.filter((one) => one.page === page);
    for (const [index, block] of own.entries()) {
      if (block.info === "ts run") {
        it(`line ${block.line}: the program`, async () => {
          const file = `shown-${block.line}.ts`;
          // As it is published it would have to be built first.
          const client = JSON.stringify(join(root, "src/client/index.ts"));
          writeFileSync(join(folder, file), block.text.replaceAll('"gantry/client"', client));
          const { code, output } = await type(`node --disable-warning=ExperimentalWarning ${file}`, folder);
          expect(code, output).toBe(0);
          expect(own[index + 1]?.info).toBe("output");
          expect(output).toMatch(pattern(own[index + 1]!.text.trimEnd().split("\n")));
        });
      }
      if (block.info !== "console run") continue;
      it.each(commandsOf(block))(`line ${block.line}: $text`, async ({ text, expected }) => {
        const { code, output } = await type(text, folder);
        expect(code, output).toBe(0);
        if (expected.length > 0) expect(output).toMatch(pattern(expected));
      });
    }
  },
);

describe("what the documents show", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gantry-docs-"));
  });

  afterAll(async () => {
    await type(`${join(root, "gantry")} down --purge --yes`, folder);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(blocks.filter(({ info }) => info === "tscript"))(
    "is right: the script in $page, line $line",
    async ({ text }) => {
      writeFileSync(join(folder, "shown.t"), text);
      const { code, output } = await type(`${join(root, "gantry")} tscript check shown.t`, folder);
      expect(code, output).toBe(0);
    },
  );

  it.each(blocks.filter(({ info }) => info === "yaml check=whole"))(
    "is right: the site file in $page, line $line",
    async ({ text }) => {
      writeFileSync(join(folder, "shown.yaml"), text);
      const { code, output } = await type(`${join(root, "gantry")} plan shown.yaml`, folder);
      expect(code, output).toBe(0);
    },
  );

  it("is there: every link to a file of the repository leads somewhere", () => {
    const broken = [...pages, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].flatMap((page) => {
      const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)];
      return links
        .map(([, target = ""]) => join(page, "..", target))
        .filter((target) => globSync(target, { cwd: root }).length === 0)
        .map((target) => `${page}: ${target}`);
    });
    expect(broken).toEqual([]);
  });
});
