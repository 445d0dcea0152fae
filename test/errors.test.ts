import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { errorsDocument, loadErrors, type RoomErrors } from "../scripts/error-list.ts";

const root = join(import.meta.dirname, "..");

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources: readonly Source[] = globSync("src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts"))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

describe("the registry of errors", () => {
  let rooms: readonly RoomErrors[];

  beforeAll(async () => {
    rooms = await loadErrors();
  });

  it("is what docs/errors.md says", () => {
    expect(readFileSync(join(root, "docs/errors.md"), "utf8")).toBe(errorsDocument(rooms));
  });

  it("holds every kind of error: none is made outside of an errors.ts", () => {
    const elsewhere = sources.filter(({ path, text }) => basename(path) !== "errors.ts" && text.includes("errorKind("));
    expect(elsewhere.map(({ path }) => path)).toEqual([]);
  });

  it("holds no kind that nothing uses", () => {
    const unused = sources.flatMap(({ path, text }) =>
      basename(path) === "errors.ts" ? definitions(text).filter((name) => !usedBeside(path, name)) : [],
    );
    expect(unused).toEqual([]);
  });

  it("says of each kind what went wrong and what to do, in sentences", () => {
    const kinds = rooms.flatMap((room) => room.kinds);
    expect(kinds.length).toBeGreaterThan(0);
    for (const { code, status, summary, remedy } of kinds) {
      expect(status, code).toSatisfy((value: number) => value >= 400 && value < 600);
      for (const sentence of [summary, remedy]) expect(sentence, code).toMatch(/^[A-Z`'"].*\.$/s);
    }
  });
});

/** The names of the constants that a file registers. */
function definitions(text: string): string[] {
  const constants = [...text.matchAll(/export const (\w+)(?:: \w+)? = errorKind\(/g)].map(([, name = ""]) => name);
  expect(constants, "every errorKind(...) is an exported constant of its own").toHaveLength(
    [...text.matchAll(/(?<!function )\berrorKind\(/g)].length,
  );
  return constants;
}

/** Whether a name is used outside of its definition and of the lists that pass it on. */
function usedBeside(definedIn: string, name: string): boolean {
  return sources.some(({ path, text }) => {
    const uses = [...text.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length;
    if (path === definedIn) return uses > 1;
    const passedOn = [...text.matchAll(/(?:import|export)[^;]*?from "[^"]+";/g)]
      .map(([statement]) => statement)
      .join("\n");
    return uses > [...passedOn.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length;
  });
}
