import { GantryError, problem, type Place, type Problem } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { createResolver, foundationOf, type FoundationData, type World } from "../inventory/index.ts";
import { checkVariables } from "../variables/index.ts";
import type { Parts } from "./build.ts";
import { placeKey } from "./model.ts";
import type { Sections } from "./sections.ts";

/** Keys that are none, each where it is written. */
export function checkVariableKeys(sections: Sections, problems: Problem[]): void {
  const { entries } = sections;
  const { tenant } = sections;
  for (const written of [
    ...(tenant === undefined ? [] : [tenant]),
    ...entries.sites.values(),
    ...entries.groups.values(),
    ...entries.blueprints.values(),
    ...entries.structures.values(),
  ]) {
    const path = [...written.path, "variables"];
    problems.push(...checkVariables(written.value.variables, (key) => written.document.placeOfKey([...path, key])));
  }
  for (const written of entries.foundations.values()) {
    foundationKeys(
      written.value,
      (member, key) => written.document.placeOfKey([...written.path, member, key]),
      problems,
    );
  }
  for (const written of entries.structures.values()) {
    const { foundation } = written.value;
    if (typeof foundation !== "object" || foundation === null) continue;
    foundationKeys(
      foundation,
      (member, key) => written.document.placeOfKey([...written.path, "foundation", member, key]),
      problems,
    );
  }
}

function foundationKeys(
  foundation: { readonly attributes: JsonObject; readonly variables: JsonObject },
  placeOf: (member: string, key: string) => Place,
  problems: Problem[],
): void {
  for (const member of ["attributes", "variables"] as const) {
    problems.push(...checkVariables(foundation[member], (key) => placeOf(member, key)));
  }
}

/** Layers that do not go together, as in a map put behind a text. Each is told once, at the first thing it is met with. */
export function checkResolution(parts: Parts, problems: Problem[]): void {
  const world: World = {
    ...parts,
    tenant: { name: "default", variables: parts.tenant?.variables ?? {} },
    structures: new Map([...parts.structures].map(([key, one]) => [key, { ...one, addresses: [] }])),
  };
  const resolver = createResolver(world);
  const told = new Set<string>();
  function attempt(action: () => unknown, place: Place | undefined): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      const found = error.problems.length === 0 ? [problem(error.kind, error.message)] : error.problems;
      for (const one of found) {
        if (told.has(one.message)) continue;
        told.add(one.message);
        problems.push(place === undefined ? one : { ...one, where: place });
      }
    }
  }
  // What has the same layers goes together in the same way: of thousands of machines only the first of each sort is resolved.
  const looked = new Set<string>();
  function isNew(...layers: readonly Json[]): boolean {
    const key = JSON.stringify(layers);
    if (looked.has(key)) return false;
    looked.add(key);
    return true;
  }
  function foundationSort(one: FoundationData): Json {
    return [one.type, one.blueprint, one.site, ownLayer(one.name, one.attributes), ownLayer(one.name, one.variables)];
  }
  for (const one of parts.foundations.values()) {
    if (!isNew("foundation", foundationSort(one))) continue;
    attempt(() => resolver.foundation(one.name), parts.places.get(placeKey("foundation", one.name)));
  }
  for (const one of parts.structures.values()) {
    const foundation = foundationOf(parts, one);
    const below = foundation === undefined ? null : foundationSort(foundation);
    if (!isNew("structure", one.blueprint, one.site, one.groups, ownLayer(one.name, one.variables), below)) continue;
    attempt(() => resolver.structure(one.name), parts.places.get(placeKey("structure", one.name)));
  }
}

/** A layer of one thing alone. What is wrong with its operators is told with its name. */
function ownLayer(name: string, values: JsonObject): Json {
  const operates = Object.keys(values).some((key) => /^[<>~-]/.test(key));
  return operates ? [name, values] : values;
}
