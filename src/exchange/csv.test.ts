import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GantryError, problemText } from "../kernel/errors.ts";
import { readSource } from "./import-format.ts";
import { openImportBench } from "./testing/imports.ts";

const FILE = join(import.meta.dirname, "../../test/fixtures/import/machines.csv");

function read(text: string) {
  return readSource({ name: "t", site: "lab", files: [{ path: "t.csv", text }] });
}

function problemsOf(text: string): readonly string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    return error instanceof GantryError ? error.problems.map(problemText) : [String(error)];
  }
}

describe("a table", () => {
  it("becomes structures with their sites, groups, labels and variables", async () => {
    const bench = await openImportBench();
    try {
      const source = {
        name: "machines",
        site: "lab",
        files: [{ path: "machines.csv", text: readFileSync(FILE, "utf8") }],
      };
      await bench.apply(source);
      const { structures, sites, groups } = await bench.snapshot();
      expect([...sites.keys()]).toEqual(["lab", "north", "south"]);
      expect([...groups.keys()]).toEqual(["db", "front", "web"]);
      expect(structures.get("web1")).toMatchObject({
        site: "north",
        role: "web",
        groups: ["front", "web"],
        managementAddress: "10.20.0.11",
        labels: { rack: "r1" },
        assets: [{ system: "servicenow", id: "CI001", url: null }],
        variables: { port: 8080, app: { workers: 4 }, tags: ["a", "b"] },
        description: "First, with a comma",
      });
      expect(structures.get("web2")?.description).toBe("Two\nlines");
      expect(structures.get("db1")?.description).toBe('Says "hello"');
      expect(structures.get("db1-guest")).toMatchObject({ site: "lab", parent: "db1", variables: { port: "007" } });
      expect((await bench.plan(source)).empty).toBe(true);
    } finally {
      await bench.close();
    }
  });

  it("is read with a mark at its beginning, other line ends, semicolons, and empty lines", () => {
    const { rows } = read('name;role;var.n\r\nweb1;"a;b";\r\n\r\nweb2;;3\r\n');
    expect(
      rows.filter(({ kind }) => kind === "structure").map(({ data }) => [data["role"], data["variables"]]),
    ).toEqual([
      ["a;b", {}],
      [undefined, { n: 3 }],
    ]);
  });

  it.each([
    [
      "a row that is too short",
      "name,role\nweb1\n",
      "t.csv:2:1: the row has 1 cells, and there are 2 columns (import_shape)",
    ],
    ["a row without a name", "name,role\n,web\n", "t.csv:2:1: the row has no name (import_shape)"],
    ["a name twice", "name\nweb1\nweb1\n", "t.csv:3:1: 'web1' is there already, in line 2 of t.csv (import_duplicate)"],
    [
      "a column nobody knows",
      "name,rol\nweb1,a\n",
      "t.csv:1:6: there is no column 'rol'; did you mean 'role'? (import_shape)",
    ],
    ["a column twice", "name,role,role\n", "t.csv:1:11: the column 'role' is there twice (import_duplicate)"],
    ["no column for names", "role\nweb\n", "t.csv:1:1: there is no column 'name' (import_shape)"],
    [
      "a quote that stays open",
      'name,role\n"web1,a\n',
      "t.csv:2:1: a quote is opened and never closed (import_syntax)",
    ],
    ["a quote in the middle", 'name\nw"eb\n', "t.csv:2:2: a quote inside a cell that is not quoted (import_syntax)"],
    [
      "something behind a quote",
      'name\n"a"b\n',
      "t.csv:2:4: something stands behind the closing quote; a quote inside is written twice (import_syntax)",
    ],
    ["a parent of itself", "name,parent\nweb1,web1\n", "t.csv:2:6: 'web1' cannot be its own parent (import_circle)"],
    [
      "a variable inside of a text",
      "name,var.a,var.a.b\nweb1,1,2\n",
      "t.csv:2:8: 'var.a.b' is inside of a value that is no map (import_shape)",
    ],
    ["nothing at all", "", "t.csv:1:1: there is no first row that names the columns (import_syntax)"],
  ])("with %s is refused", (_title, text, expected) => {
    expect(problemsOf(text)).toContain(expected);
  });

  it("with parents in a circle is refused", () => {
    expect(problemsOf("name,parent\na,b\nb,a\n")).toEqual([
      "t.csv:2:1: structures stand on each other: a → b → a (import_circle)",
    ]);
  });
});
