import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// Pictures are drawn where they are read, and one wrong character shows an error in the place of the whole picture. So every line must be
// one of the forms that are known to be drawn.

const root = join(import.meta.dirname, "..");

const TEXT = String.raw`"[^";]+"`;
/** `name`, `name["text"]` as a box, `name[("text")]` as a store. */
const NODE = String.raw`\w+(?:\[${TEXT}\]|\[\(${TEXT}\)\])?`;

/** The forms of a line, by the kind of picture. */
const LINES: Readonly<Record<string, readonly RegExp[]>> = {
  flowchart: [new RegExp(`^${NODE}$`), new RegExp(String.raw`^${NODE} -->(?:\|(?:${TEXT}|[^"|;()]+)\|)? ${NODE}$`)],
  sequenceDiagram: [
    /^(actor|participant) \w+ as \w+$/,
    new RegExp(String.raw`^\w+--?>>\w+: [^;#]+$`),
    /^(opt|loop|alt|else) [^;#]+$/,
    /^end$/,
  ],
  erDiagram: [
    /^\w+ \{$/,
    /^\}$/,
    /^\w+ \w+( (PK|FK)(, (PK|FK))?)?( "[^"]+")?$/,
    /^\w+ \}o--(\|\||o\||o\{) \w+ : "\w+"$/,
  ],
};

const pictures = globSync("docs/*.md", { cwd: root }).flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```mermaid\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    lines: (match[1] ?? "").trimEnd().split("\n"),
  }));
});

describe("the pictures", () => {
  it("are there: flow, lanes, rooms and schema", () => {
    const kinds = pictures.map(({ lines }) => lines[0]!.split(" ")[0]);
    expect(new Set(kinds)).toEqual(new Set(["flowchart", "sequenceDiagram", "erDiagram"]));
  });

  it.each(pictures)("are drawn: $page, line $line", ({ page, line, lines }) => {
    const forms = LINES[lines[0]!.split(" ")[0]!]!;
    const wrong = lines.slice(1).flatMap((text, index) => {
      const known = forms.some((form) => form.test(text.trim()));
      return known ? [] : [`${page}:${line + index + 1}: ${text}`];
    });
    expect(wrong).toEqual([]);
    const opened = lines.filter((text) => /^\s*(opt|loop|alt) |\{$/.test(text) && !/--/.test(text)).length;
    expect(lines.filter((text) => /^\s*(end|\})$/.test(text)).length).toBe(opened);
  });

  it("name nobody who has no lane", () => {
    const strangers: string[] = [];
    for (const { lines } of pictures.filter((one) => one.lines[0] === "sequenceDiagram")) {
      const lanes = new Set(lines.map((text) => /^\s*(?:actor|participant) (\w+)/.exec(text)?.[1]));
      for (const text of lines) {
        const [, from, to] = /^\s*(\w+)--?>>(\w+):/.exec(text) ?? [];
        if (from !== undefined && !(lanes.has(from) && lanes.has(to))) strangers.push(text);
      }
    }
    expect(strangers).toEqual([]);
  });
});
