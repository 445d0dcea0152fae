import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allScripts,
  allTemplates,
  findCycle,
  findCycles,
  findScript,
  findTemplate,
  fitsFoundation,
  fitsType,
  foundationBlueprintsOf,
  foundationTypesOf,
  lineage,
  placeInOrigin,
  type Blueprint,
  type SourceText,
} from "./index.ts";

function text(content: string): SourceText {
  return { text: content, origin: { file: "site.yaml", line: 10, column: 9, exact: true } };
}

function blueprint(name: string, change: Partial<Blueprint> = {}): Blueprint {
  return {
    name,
    builds: "structure",
    description: "",
    parents: [],
    variables: {},
    scripts: {},
    templates: {},
    foundationTypes: [],
    foundationBlueprints: [],
    interfaces: [],
    hardware: null,
    maxJobs: null,
    ...change,
  };
}

function named(...list: readonly Blueprint[]): ReadonlyMap<string, Blueprint> {
  return new Map(list.map((one) => [one.name, one]));
}

describe("a blueprint", () => {
  const family = named(
    blueprint("base", {
      scripts: { create: text("base"), destroy: text("base") },
      templates: { conf: text("base") },
      foundationTypes: ["metal"],
      foundationBlueprints: ["machine"],
    }),
    blueprint("left", { parents: ["base"], scripts: { create: text("left") } }),
    blueprint("right", { parents: ["base"], scripts: { create: text("right") }, foundationTypes: ["vm"] }),
    blueprint("child", { parents: ["left", "right"], scripts: { update: text("child") } }),
  );

  it("has its parents before it, each once", () => {
    expect(lineage(family, "child").map(({ name }) => name)).toEqual(["base", "left", "right", "child"]);
    expect(lineage(family, "nobody")).toEqual([]);
    const circle = named(blueprint("a", { parents: ["b", "gone"] }), blueprint("b", { parents: ["a"] }));
    expect(lineage(circle, "a").map(({ name }) => name)).toEqual(["b", "a"]);
  });

  it("finds scripts, templates and what it fits in itself, then in the nearest parent", () => {
    expect(findScript(family, "child", "update")?.text).toBe("child");
    expect(findScript(family, "child", "create")?.text).toBe("right");
    expect(findScript(family, "child", "destroy")?.text).toBe("base");
    expect(findScript(family, "child", "toString")).toBeUndefined();
    expect(findTemplate(family, "child", "conf")?.text).toBe("base");
    expect([...allScripts(family, "child")].map(([name, { text: content }]) => `${name} ${content}`)).toEqual([
      "create right",
      "destroy base",
      "update child",
    ]);
    expect([...allTemplates(family, "left").keys()]).toEqual(["conf"]);
    expect([foundationTypesOf(family, "child"), foundationTypesOf(family, "left")]).toEqual([["vm"], ["metal"]]);
    expect(foundationBlueprintsOf(family, "child")).toEqual(["machine"]);
  });

  it("fits the types it names, and foundations that build upon what it names", () => {
    const machines = named(
      ...family.values(),
      blueprint("machine", { builds: "foundation" }),
      blueprint("special", { builds: "foundation", parents: ["machine"] }),
      blueprint("other", { builds: "foundation" }),
      blueprint("free"),
    );
    expect(["metal", "vm"].map((type) => fitsType(machines, "child", type))).toEqual([false, true]);
    expect(["machine", "special", "other"].map((name) => fitsFoundation(machines, "child", name))).toEqual([
      true,
      true,
      false,
    ]);
    expect([fitsType(machines, "free", "anything"), fitsFoundation(machines, "free", "other")]).toEqual([true, true]);
  });

  it("knows where lines of its texts are written", () => {
    const { origin } = text("x");
    expect(placeInOrigin(origin, 1)).toEqual({ file: "site.yaml", line: 10 });
    expect(placeInOrigin(origin, 3, 4)).toEqual({ file: "site.yaml", line: 12, column: 12 });
    expect(placeInOrigin({ ...origin, exact: false }, 3, 4)).toEqual({ file: "site.yaml", line: 10, column: 9 });
  });
});

describe("cycles", () => {
  function graph(edges: Readonly<Record<string, readonly string[]>>): [string[], (node: string) => readonly string[]] {
    return [Object.keys(edges), (node) => edges[node] ?? []];
  }

  it("are named by the path that closes", () => {
    expect(findCycles(...graph({ a: ["b"], b: ["c"], c: ["b", "a"], d: ["a"], e: ["e"] }))).toEqual([
      ["b", "c", "b"],
      ["a", "b", "c", "a"],
      ["e", "e"],
    ]);
    expect(findCycle(...graph({ a: ["b", "gone"], b: [] }))).toBeUndefined();
  });

  it("are found in long chains too", () => {
    const chain = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`n${index}`, [`n${(index + 1) % 100_000}`]]),
    );
    expect(findCycle(...graph(chain))).toHaveLength(100_001);
  });

  it("are found exactly when nodes cannot be put in an order", () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 14 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const next = (node: string): readonly string[] =>
          pairs.filter(([from]) => `${from}` === node).map(([, to]) => `${to}`);
        const nodes = Array.from({ length: 8 }, (_, index) => `${index}`);
        const left = new Set(nodes);
        for (let removed = true; removed;) {
          const leaf = [...left].find((node) => next(node).every((to) => !left.has(to)));
          removed = leaf !== undefined && left.delete(leaf);
        }
        const cycles = findCycles(nodes, next);
        expect(cycles.length > 0).toBe(left.size > 0);
        for (const cycle of cycles) {
          expect(cycle.at(-1)).toBe(cycle[0]);
          for (const [index, node] of cycle.slice(0, -1).entries()) expect(next(node)).toContain(cycle[index + 1]);
        }
      }),
    );
  });
});
