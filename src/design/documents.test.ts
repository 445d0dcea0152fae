import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { problemText } from "../kernel/errors.ts";
import { BUNDLE_LIMIT, readDocuments } from "./documents.ts";
import { ingest } from "./ingest.ts";
import { siteFile } from "./testing.ts";

/** The machine may be busy with other tests. */
const PATIENCE = 60_000;

function problems(text: string): string[] {
  return readDocuments([{ path: "a.yaml", text }]).problems.map(problemText);
}

function ingested(text: string): string[] {
  return ingest({ documents: [{ path: "a.yaml", text }], files: {} }).problems.map(problemText);
}

describe("documents meant to harm", () => {
  it("are refused by their size before they are parsed", () => {
    const text = `design: a\n# ${"x".repeat(50 * 1024 * 1024)}`;
    expect(ingested(text)).toEqual([
      "the documents and files hold 50.0 MiB; at most 8 MiB are read (bundle_too_large)",
    ]);
    const half = "#".repeat(BUNDLE_LIMIT / 2 + 1);
    const together = ingest({ documents: [{ path: "a.yaml", text: half }], files: { f: half } });
    expect(together.problems.map((one) => one.code)).toEqual(["bundle_too_large"]);
  });

  it("cannot expand by aliases", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"].map((pair) => [...pair])) {
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(", ")}]`);
    }
    expect(problems(bomb.join("\n"))).toEqual([
      "a.yaml:7:36: the aliases expand to more than 16777216 characters (alias_bomb)",
    ]);
    const long = `a: &a "${"x".repeat(1_000_000)}"\nb: [${Array(20).fill("*a").join(", ")}]`;
    expect(problems(long).map((one) => one.slice(-12))).toEqual(["(alias_bomb)"]);
    const merged = `a: &a { k: &k "${"x".repeat(1_000_000)}" }\nb:\n${Array.from({ length: 20 }, (_, i) => `  k${i}: { <<: *a }`).join("\n")}`;
    expect(problems(merged).map((one) => one.slice(-12))).toEqual(["(alias_bomb)"]);
  });

  it.each([
    ["brackets", "[".repeat(1_000_000)],
    ["brackets that close", `${"[".repeat(150)}${"]".repeat(150)}`],
    ["lists on one line", "- ".repeat(1_000_000)],
    ["questions", "? ".repeat(1_000_000)],
    ["keys on one line", "a: ".repeat(1_000_000)],
    ["indentation", Array.from({ length: 3000 }, (_, index) => `${" ".repeat(index)}a:`).join("\n")],
    [
      "indentation the parser can still take",
      Array.from({ length: 200 }, (_, index) => `${" ".repeat(index)}a:`).join("\n"),
    ],
  ])("cannot nest without end: %s", (_what, text) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^a\.yaml:\d+:\d+: nested more than 100 levels deep \(nested_too_deeply\)$/);
  });

  it(
    "cannot have words without end",
    () => {
      expect(problems(`[${",".repeat(2_000_000)}`).at(-1)).toMatch(
        /more than two million words and signs \(bundle_too_large\)$/,
      );
    },
    PATIENCE,
  );
});

describe("any text", () => {
  it(
    "is read or refused, never thrown at",
    () => {
      const pieces = fc.constantFrom(
        "design: a\n",
        "sites:\n",
        "  lab: ",
        "{ kind: x }\n",
        "- ",
        "? ",
        ": ",
        "&a ",
        "*a ",
        "<<: *a\n",
        "|\n  x\n",
        "!!x ",
        "---\n",
        "%",
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
        "\t",
        "# c\n",
        "\u0000",
        "\n",
      );
      fc.assert(
        fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 30 }), (parts) => {
          for (const one of ingested(parts.join(""))) expect(one).toMatch(/\([a-z_]+\)$/);
        }),
        { numRuns: 300 },
      );
    },
    PATIENCE,
  );

  it(
    "that is YAML of any shape under the known sections has its problems named with a place",
    () => {
      const sections = fc.constantFrom("design", "sites", "address_blocks", "blueprints", "foundations", "structures");
      const words = fc.constantFrom(
        "site",
        "blueprint",
        "foundation",
        "builds",
        "structure",
        "subnet",
        "scripts",
        "create",
        "file",
        "addresses",
        "block",
        "parents",
        "lab",
        "a",
      );
      const { tree } = fc.letrec((tie) => ({
        tree: fc.oneof(
          { depthSize: "small" },
          fc.jsonValue({ maxDepth: 1 }),
          words,
          fc.array(tie("tree"), { maxLength: 3 }),
          fc.dictionary(words, tie("tree"), { maxKeys: 5 }),
        ),
      }));
      fc.assert(
        fc.property(fc.dictionary(sections, fc.dictionary(words, tree, { maxKeys: 4 }), { maxKeys: 6 }), (document) => {
          const text = stringify(document);
          const { design, problems: found } = ingest({ documents: [{ path: "a.yaml", text }], files: {} });
          expect(design === null).toBe(found.length > 0);
          for (const one of found) {
            expect(one.where?.file).toBe("a.yaml");
            expect(one.where?.line).toBeGreaterThan(0);
          }
        }),
        { numRuns: 200 },
      );
    },
    PATIENCE,
  );
});

describe("a large design", () => {
  it(
    "of thousands of structures is read in one pass",
    () => {
      const { design, problems: found } = ingest({
        documents: [{ path: "a.yaml", text: siteFile({ webs: 3000 }).replace("127.80.0.0/24", "127.80.0.0/16") }],
        files: {},
      });
      expect(found).toEqual([]);
      expect(design?.structures.size).toBe(3001);
    },
    PATIENCE,
  );
});
