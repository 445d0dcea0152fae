import { fieldCheck, type FieldSchema, type World } from "../inventory/index.ts";
import { GantryError, problem, type Problem } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { CUSTOM_FIELDS_INVALID } from "../inventory/index.ts";
import { placeKey, type Design, type TargetKind } from "./model.ts";

type Fielded = ReadonlyMap<string, { readonly fields: JsonObject }>;

/** Custom fields of what the design says, by the tenant's schema for each kind. Throws `custom_fields_invalid`, with every case. */
export function checkCustomFields(design: Design, world: World, schemas: ReadonlyMap<string, FieldSchema>): void {
  if (schemas.size === 0) return;
  const kinds: readonly (readonly [TargetKind, ReadonlyMap<string, unknown>, Fielded])[] = [
    ["zone", design.zones, world.zones],
    ["site", design.sites, world.sites],
    ["network", design.networks, world.networks],
    ["link", design.links, world.links],
    ["address_block", design.addressBlocks, world.addressBlocks],
    ["group", design.groups, world.groups],
    ["foundation", design.foundations, world.foundations],
    ["structure", design.structures, world.structures],
    ["interface", design.interfaces, world.interfaces],
  ];
  const problems: Problem[] = [];
  for (const [target, wanted, things] of kinds) {
    const schema = schemas.get(target);
    if (schema === undefined || schema.wanted === "absent") continue;
    const check = fieldCheck(schema.schema);
    for (const name of wanted.keys()) {
      for (const wrong of check(things.get(name)?.fields ?? {})) {
        const place = design.places.get(placeKey(target, name));
        problems.push(problem(CUSTOM_FIELDS_INVALID, `${target.replace("_", " ")} '${name}': ${wrong}`, place));
      }
    }
  }
  const [first] = problems;
  if (first !== undefined) throw new GantryError(CUSTOM_FIELDS_INVALID, first.message, { problems });
}
