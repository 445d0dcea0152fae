import type { StructureData, World } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Layer } from "../variables/index.ts";
import { compareNames } from "./ansible-names.ts";

/** Names of the groups a structure is in, in the order in which their variables apply. */
export function groupOrder(world: World): (named: readonly string[]) => readonly string[] {
  const above = new Map<string, string[]>();
  for (const group of world.groups.values()) {
    if (group.parent !== null) above.set(group.name, [...(above.get(group.name) ?? []), group.parent]);
    for (const included of group.includes) above.set(included, [...(above.get(included) ?? []), group.name]);
  }
  const depths = new Map<string, number>();
  function depthOf(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    depths.set(name, 0);
    const parents = (above.get(name) ?? []).filter((one) => world.groups.has(one));
    const depth = parents.length === 0 ? 0 : 1 + Math.max(...parents.map(depthOf));
    depths.set(name, depth);
    return depth;
  }
  return (named) => {
    const found = new Set<string>();
    const waiting = [...named];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (found.has(name) || !world.groups.has(name)) continue;
      found.add(name);
      waiting.push(...(above.get(name) ?? []));
    }
    const priority = (name: string): number => world.groups.get(name)?.priority ?? 0;
    return [...found].sort(
      (a, b) => depthOf(a) - depthOf(b) || priority(a) - priority(b) || compareNames(a, b),
    );
  };
}

export function ownLayers(world: World, structure: StructureData & { readonly id?: Id }, builtIn: boolean): readonly Layer[] {
  const foundation = structure.foundation === null ? undefined : world.foundations.get(structure.foundation);
  return [
    ...(foundation === undefined
      ? []
      : [{ source: { kind: "foundation" as const, name: foundation.name }, values: foundation.attributes }]),
    { source: { kind: "structure", name: structure.name }, values: structure.variables },
    ...(builtIn
      ? [
          {
            source: { kind: "built_in" as const, name: "structure" },
            values: { _name: structure.name, _site: structure.site },
          },
        ]
      : []),
  ];
}
