import fc from "fast-check";
import { lineage } from "../../blueprints/index.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { Layer, VariableSource } from "../../variables/index.ts";
import { groupOrder } from "../group-order.ts";
import type { Snapshot, World } from "../model.ts";
import { siteChain } from "../site-chain.ts";
import { blueprint, complex, emptySnapshot, foundation, group, site, structure, tenant } from "../testing.ts";

/** Small worlds for property tests, and the rule of resolution written out. */

const plainName = fc.constantFrom("a", "b", "c");
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>("x", "y", 1, null, {}, []),
  fc.array(fc.constantFrom<Json>("x", 1), { maxLength: 2 }),
  fc.dictionary(plainName, fc.constantFrom<Json>("x", 1), { maxKeys: 2 }),
);
const key = fc
  .tuple(fc.constantFrom("", "", "", "<", ">", "-", "~"), plainName, fc.constantFrom("", "", "", ":local", ":odd"))
  .map((parts) => parts.join(""));
const variables = fc.dictionary(key, value, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;
const wrong = fc.constantFrom<JsonObject>({}, {}, {}, {}, { "bad key": 1 });

/** A small world in which everything says something. */
export const worlds: fc.Arbitrary<Snapshot> = fc
  .record({
    tenant: variables,
    sites: fc.tuple(variables, variables),
    blueprints: fc.tuple(variables, variables),
    groups: fc.tuple(variables, variables, variables, wrong),
    attributes: variables,
    complex: variables,
    foundations: fc.tuple(variables, variables),
    structures: fc.array(
      fc.record({
        variables,
        groups: fc.subarray(["g0", "g1", "g2"]),
        site: fc.constantFrom("top", "leaf"),
        blueprint: fc.constantFrom("base", "web", null),
        foundation: fc.constantFrom("f", null),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map((given) => ({
    ...emptySnapshot({ tenant: tenant({ variables: given.tenant }) }),
    sites: named([
      site("top", { variables: given.sites[0] }),
      site("leaf", { parent: "top", variables: given.sites[1] }),
    ]),
    blueprints: named([
      blueprint("base", { variables: given.blueprints[0] }),
      blueprint("web", { parents: ["base"], variables: given.blueprints[1] }),
    ]),
    groups: named([
      group("g0", { variables: given.groups[0] }),
      group("g1", { parent: "g0", variables: { ...given.groups[1], ...given.groups[3] } }),
      group("g2", { includes: ["g1"], priority: 2, variables: given.groups[2] }),
    ]),
    foundations: named([
      foundation("f", {
        attributes: given.attributes,
        variables: given.foundations[0],
        site: "leaf",
        blueprint: "web",
        complex: "c",
      }),
      foundation("g", {
        attributes: given.foundations[1],
        variables: given.attributes,
        site: "top",
        blueprint: "base",
      }),
    ]),
    complexes: named([complex("c", { attributes: given.complex })]),
    structures: named(given.structures.map((one, index) => structure(`s${index}`, one))),
  }));

/** Rows as a snapshot holds them. */
export function named<Row extends { readonly name: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

/** The rule, written out: every layer, one after the other. */
export function layersOf(world: World, name: string): readonly Layer[] {
  const one = world.structures.get(name)!;
  const said = (kind: VariableSource["kind"], of: string, values: JsonObject): Layer => ({
    source: { kind, name: of },
    values,
  });
  const foundationRow = one.foundation === null ? undefined : world.foundations.get(one.foundation);
  const offeredBy = world.complexes.get(foundationRow?.complex ?? "");
  const builtIn: JsonObject = {
    _id: one.id ?? null,
    _name: one.name,
    _hostname: one.hostname,
    _fqdn: one.hostname,
    _site: one.site,
    _blueprint: one.blueprint,
    _foundation: one.foundation,
    _addresses: [],
  };
  return [
    said("tenant", world.tenant.name, world.tenant.variables),
    ...(one.blueprint === null ? [] : lineage(world.blueprints, one.blueprint)).map((each) =>
      said("blueprint", each.name, each.variables),
    ),
    ...siteChain(world, one.site).map((each) => said("site", each, world.sites.get(each)!.variables)),
    ...groupOrder(world.groups)
      .effective(one.groups)
      .map((each) => said("group", each, world.groups.get(each)!.variables)),
    ...(offeredBy === undefined ? [] : [said("complex", offeredBy.name, offeredBy.attributes)]),
    ...(foundationRow === undefined ? [] : [said("foundation", foundationRow.name, foundationRow.attributes)]),
    said("structure", one.name, one.variables),
    said("built_in", "structure", builtIn),
  ];
}
