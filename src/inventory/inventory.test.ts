import { describe, expect, it } from "vitest";
import { foundationInputs, occupants, structureInputs } from "./inputs.ts";
import { hostnameProblem, nameProblem, templateNameProblem } from "./names.ts";
import type { World } from "./model.ts";
import { hashAnswer, questionOf, questionText, structures } from "./query.ts";
import { blueprint, emptySnapshot, foundation, group, site, structure } from "./testing.ts";
import { createResolver, siteChain } from "./variables.ts";

function named<Row extends { readonly name: string }>(...rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

const world: World = {
  ...emptySnapshot(),
  tenant: { name: "default", variables: { who: "tenant", tenant: 1 } },
  sites: named(
    site("region", { variables: { who: "region", list: ["region"] } }),
    site("lab", { parent: "region", variables: { who: "lab", ">list": "lab", "size:local": "small" } }),
    site("elsewhere"),
  ),
  addressBlocks: new Map(),
  blueprints: named(
    blueprint("base", { variables: { who: "base", base: true } }),
    blueprint("web", { parents: ["base"], variables: { who: "web" } }),
    blueprint("machine", { builds: "foundation", variables: { who: "machine" } }),
  ),
  foundations: named(
    foundation("web1", { attributes: { who: "attributes", image: "x" }, variables: { who: "own", more: 1 } }),
    foundation("web2"),
  ),
  structures: named(
    structure("web1", {
      id: "id-1",
      variables: { who: "structure", "~base": null },
      addresses: [
        { block: "b", address: "10.0.0.1" },
        { block: "b", address: "10.0.0.2" },
      ],
    }),
    structure("web2", { site: "elsewhere", state: "built" }),
    structure("other", { blueprint: "base", wanted: "absent" }),
  ),
};

describe("variables", () => {
  const resolver = createResolver(world);

  it("of a structure: tenant, blueprint, sites, foundation attributes, its own, built in", () => {
    const { values, explain, deleted } = resolver.structure("web1");
    expect(values).toEqual({
      who: "structure",
      tenant: 1,
      list: ["region", "lab"],
      size: "small",
      image: "x",
      _id: "id-1",
      _name: "web1",
      _hostname: "web1",
      _fqdn: "web1",
      _site: "lab",
      _blueprint: "web",
      _foundation: "web1",
      _addresses: ["10.0.0.1", "10.0.0.2"],
    });
    expect(explain["list"]?.from).toEqual([
      { kind: "site", name: "region" },
      { kind: "site", name: "lab" },
    ]);
    expect(explain["who"]?.overrode.map(({ source }) => `${source.kind} ${source.name}`)).toEqual([
      "tenant default",
      "blueprint base",
      "blueprint web",
      "site region",
      "site lab",
      "foundation web1",
    ]);
    expect(Object.keys(deleted)).toEqual(["base"]);
  });

  it("of a foundation: tenant, blueprint, sites, its own", () => {
    expect(resolver.foundation("web1").values).toMatchObject({
      who: "own",
      tenant: 1,
      list: ["region", "lab"],
      image: "x",
      more: 1,
      _type: "local",
    });
  });

  it("of a structure in groups: between its sites and its foundation, and it is told which group", () => {
    const groups = named(
      group("all", { variables: { who: "all", ntp: "a" } }),
      group("web", { parent: "all", variables: { who: "web", ">list": "web", image: "group" } }),
      group("edge", { includes: ["web"], priority: 9, variables: { ntp: "edge" } }),
    );
    const web1 = { ...world.structures.get("web1")!, groups: ["web"], variables: {} };
    const resolution = createResolver({ ...world, groups, structures: named(web1) }).structure("web1");
    expect(resolution.values).toMatchObject({
      who: "attributes",
      ntp: "edge",
      list: ["region", "lab", "web"],
      image: "x",
    });
    expect(resolution.explain["ntp"]).toMatchObject({
      from: [{ kind: "group", name: "edge" }],
      overrode: [{ source: { kind: "group", name: "all" }, value: "a" }],
    });
    expect(resolution.explain["list"]?.from.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "site region",
      "site lab",
      "group web",
    ]);
  });

  it("take the classes of a driver into account", () => {
    const classes = createResolver({
      ...world,
      sites: named(site("region", { variables: { "size:Local": "tiny" } }), site("lab", { parent: "region" })),
    });
    expect(classes.structure("web1").values["size"]).toBe("tiny");
  });

  it("follow the sites from the root, and end in a circle", () => {
    expect(siteChain(world, "lab")).toEqual(["region", "lab"]);
    expect(siteChain(world, "gone")).toEqual([]);
    expect(siteChain({ sites: named(site("a", { parent: "b" }), site("b", { parent: "a" })) }, "a")).toEqual([
      "b",
      "a",
    ]);
  });
});

describe("questions", () => {
  const resolver = createResolver(world);
  const ask = (question: Parameters<typeof structures>[1]): unknown[] =>
    structures(resolver, question).map((one) => one["name"]);

  it("find structures by blueprint, site and state; not those that are to go", () => {
    expect(ask({})).toEqual(["web1", "web2"]);
    expect(ask({ blueprint: "base" })).toEqual(["web1", "web2"]);
    expect(ask({ blueprint: "web", site: "region" })).toEqual(["web1"]);
    expect(ask({ state: "built" })).toEqual(["web2"]);
    expect(ask({ blueprint: "nobody" })).toEqual([]);
  });

  it("are answered with what scripts need", () => {
    expect(structures(resolver, { site: "lab" })).toEqual([
      {
        name: "web1",
        hostname: "web1",
        fqdn: "web1",
        address: "10.0.0.1",
        addresses: ["10.0.0.1", "10.0.0.2"],
        site: "lab",
        blueprint: "web",
        state: "planned",
        variables: { who: "structure", tenant: 1, list: ["region", "lab"], size: "small", image: "x" },
      },
    ]);
    expect(structures(resolver, { site: "elsewhere" })[0]).toMatchObject({ address: null, addresses: [] });
  });

  it("count the same members as the same answer, whatever is being done to them", () => {
    const answer = structures(resolver, {});
    expect(hashAnswer(answer.map((one) => ({ ...one, state: "failed" })))).toBe(hashAnswer(answer));
    expect(hashAnswer(answer.slice(1))).not.toBe(hashAnswer(answer));
  });

  it("are read from a script's parameters, or refused", () => {
    expect(questionOf({ blueprint: "web", state: "built" })).toEqual({ blueprint: "web", state: "built" });
    expect(questionOf({ blueprnt: "web" })).toBe("inventory.structures has no parameter 'blueprnt'");
    expect(questionOf({ site: 1 })).toBe("'site' of inventory.structures must be a text");
    expect(questionOf({ state: "bulit" })).toContain("'state' of inventory.structures must be one of planned");
    expect(questionText({ blueprint: "web", site: "lab" })).toBe("members of blueprint web in site lab");
  });
});

describe("inputs", () => {
  const now = structureInputs(createResolver(world), "web1");

  function changedBy(change: Partial<World>): ReturnType<typeof structureInputs> {
    return structureInputs(createResolver({ ...world, ...change }), "web1");
  }

  it("are the building scripts, templates, variables and addresses, and nothing else", () => {
    expect(changedBy({})).toEqual(now);
    const rows = [...world.structures.values()];
    const described = named(...rows.map((row) => ({ ...row, description: "other", dependsOn: ["web2"] })));
    expect(changedBy({ structures: described })).toEqual(now);
    const base = world.blueprints.get("base")!;
    const origin = { file: "b.t", line: 9, column: 1, exact: true };
    const scripts = {
      ...base.scripts,
      destroy: { text: "other", origin },
      create: { ...base.scripts["create"]!, origin },
    };
    expect(changedBy({ blueprints: named(...world.blueprints.values(), { ...base, scripts }) })).toEqual(now);
    const updated = {
      ...base,
      scripts: { ...base.scripts, update: { text: "other", origin } },
      templates: { t: { text: "x", origin } },
    };
    const then = changedBy({ blueprints: named(...world.blueprints.values(), updated) });
    expect([Object.keys(then.scripts), Object.keys(then.templates)]).toEqual([["create", "update"], ["t"]]);
    expect(Object.keys(now.variables).sort()).toEqual(["image", "list", "size", "tenant", "who"]);
  });

  it("of a foundation are its attributes too, and the addresses of who stands on it", () => {
    const standing = occupants(world.structures.values() as Iterable<Parameters<typeof foundationInputs>[2] & object>);
    const inputs = foundationInputs(createResolver(world), "web1", standing.get("web1"));
    expect(inputs).toMatchObject({
      type: "local",
      attributes: { image: "x" },
      hostname: "web1",
      addresses: ["10.0.0.1", "10.0.0.2"],
    });
    expect(foundationInputs(createResolver(world), "web1", undefined)).toMatchObject({ hostname: null, addresses: [] });
  });

  it("give a foundation to who stays on it", () => {
    const leaving = structure("old", { foundation: "f", wanted: "absent" });
    const coming = structure("new", { foundation: "f" });
    expect(occupants([leaving, coming]).get("f")?.name).toBe("new");
    expect(occupants([coming, leaving]).get("f")?.name).toBe("new");
  });
});

describe("names", () => {
  it("follow their rules", () => {
    expect(["web1", "Web_1", "1-a"].map(nameProblem)).toEqual([undefined, undefined, undefined]);
    for (const wrong of ["", "-a", "a b", "ä", "a/b", "a".repeat(64)]) expect(nameProblem(wrong)).toBeDefined();
    expect(["web1", "a", "1-a"].map(hostnameProblem)).toEqual([undefined, undefined, undefined]);
    for (const wrong of ["", "Web", "a-", "-a", "a_b", "a.b", "a".repeat(64)])
      expect(hostnameProblem(wrong)).toBeDefined();
    expect(["index.html", "conf/site.d/a.conf", ".env"].map(templateNameProblem)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    for (const wrong of ["", "/a", "a/", "../a", "a/./b", "a b", "-a"])
      expect(templateNameProblem(wrong)).toBeDefined();
  });
});
