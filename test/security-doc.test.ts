import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// Some pages say which test shows what. A test that was renamed or removed would leave a claim that nobody checks.

const root = join(import.meta.dirname, "..");
const PAGES = [
  { name: "docs/security.md", least: 20 },
  { name: "docs/contractor.md", least: 14 },
  { name: "docs/director.md", least: 8 },
];

interface Row {
  readonly text: string;
  readonly section: string;
  readonly cells: readonly string[];
}

/** The rows of a page's tables that name tests, without their heads. */
function rowsOf(page: string): readonly Row[] {
  return page.split(/^## /m).flatMap((part) => {
    const section = part.split("\n", 1)[0] ?? "";
    const lines = part.split("\n").filter((line) => line.startsWith("|"));
    if (lines[0]?.endsWith("| test |") !== true) return [];
    return lines.slice(2).map((text) => ({ text, section, cells: text.split(" | ") }));
  });
}

/** "`test/a.test.ts`: "one", "two"; `src/b.test.ts`: "three"" as pairs. */
function claims({ cells }: Row): { file: string; names: string[] }[] {
  const last = cells.at(-1) ?? "";
  return [...last.matchAll(/`([^`]+\.ts)`((?:[:,] "[^"]+")*)/g)].map(([, file = "", names = ""]) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
  }));
}

describe.each(PAGES)("$name", ({ name: pageName, least }) => {
  const page = readFileSync(join(root, pageName), "utf8");
  const rows = rowsOf(page);

  it("names a test for everything it claims", () => {
    expect(rows.length).toBeGreaterThan(least);
    for (const row of rows) {
      expect([row.text, row.cells.length]).toEqual([row.text, 3]);
      const named = claims(row);
      expect([row.text, named.length > 0]).toEqual([row.text, true]);
      expect([row.text, named.every(({ names }) => names.length > 0)]).toEqual([row.text, true]);
    }
  });

  it("names tests that there are", () => {
    for (const { file, names } of rows.flatMap(claims)) {
      expect([file, existsSync(join(root, file))]).toEqual([file, true]);
      const text = readFileSync(join(root, file), "utf8");
      for (const name of names) expect([file, name, text.includes(name)]).toEqual([file, name, true]);
    }
  });

  it("has something to say on each border", () => {
    const filled = new Set(rows.map(({ section }) => section));
    const tables = [...page.matchAll(/^## (.+)\n(?:(?!^## )[^])*?\| test \|$/gm)].map(([, section]) => section);
    expect(tables.filter((section) => !filled.has(section ?? ""))).toEqual([]);
  });
});
