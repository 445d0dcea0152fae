import {
  CUSTOM_FIELDS_INVALID,
  DESCRIBED_KINDS,
  fieldCheck,
  type FieldSchema,
  type FieldSchemaData,
  type World,
} from "../inventory/index.ts";
import { GantryError, problem, type Problem } from "../kernel/errors.ts";
import { canonicalJson, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import { UNKNOWN_REFERENCE } from "./errors.ts";
import { placeKey, type Design, type DesignTenant, type TargetKind } from "./model.ts";

type Fielded = ReadonlyMap<string, { readonly fields: JsonObject }>;

const NONE: ReadonlyMap<string, unknown> = new Map();

/** Schemas for kinds that there are not, and those that are no JSON Schema. */
export function checkFieldSchemas(parts: Parts, problems: Problem[]): void {
  for (const { name, schema } of parts.fieldSchemas.values()) {
    const place = parts.places.get(placeKey("field_schema", name));
    if (!DESCRIBED_KINDS.includes(name)) {
      const near = nearest(name, DESCRIBED_KINDS);
      const advice = near === undefined ? `there are ${DESCRIBED_KINDS.join(", ")}` : `did you mean '${near}'?`;
      const message = `a field schema is named as the kind it is for, and there is no kind '${name}'; ${advice}`;
      problems.push(problem(UNKNOWN_REFERENCE, message, place));
      continue;
    }
    try {
      fieldCheck(schema);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      problems.push(problem(error.kind, `field schema '${name}': ${error.message}`, place));
    }
  }
}

/** The inventory as a plan would leave it. */
export interface FieldedWorld {
  readonly world: World;
  readonly tenant: DesignTenant;
  readonly schemas: readonly (FieldSchemaData & { readonly wanted?: string })[];
  /** The schemas there are so far. */
  readonly before: ReadonlyMap<string, FieldSchema>;
}

/**
 * Custom fields of what the design says, and of everything of a kind whose schema it changes, by the schema of the kind as it will be.
 * Throws `custom_fields_invalid`, with every case.
 */
export function checkCustomFields(design: Design, { world, tenant, schemas, before }: FieldedWorld): void {
  if (schemas.length === 0) return;
  const tenants = new Map([[tenant.name, tenant]]);
  const kinds = new Map<string, readonly [TargetKind, ReadonlyMap<string, unknown>, Fielded]>([
    ["tenant", ["tenant", design.tenant === null ? NONE : tenants, tenants]],
    ["zone", ["zone", design.zones, world.zones]],
    ["site", ["site", design.sites, world.sites]],
    ["network", ["network", design.networks, world.networks]],
    ["link", ["link", design.links, world.links]],
    ["address_block", ["address_block", design.addressBlocks, world.addressBlocks]],
    ["group", ["group", design.groups, world.groups]],
    ["complex", ["complex", design.complexes, world.complexes]],
    ["dependency", ["dependency", design.dependencies, world.dependencies]],
    ["foundation", ["foundation", design.foundations, world.foundations]],
    ["structure", ["structure", design.structures, world.structures]],
    ["interface", ["interface", design.interfaces, world.interfaces]],
  ]);
  const problems: Problem[] = [];
  for (const { name: kind, schema, wanted: stays } of schemas) {
    const found = stays === "absent" ? undefined : kinds.get(kind);
    if (found === undefined) continue;
    const [target, wanted, things] = found;
    const check = fieldCheck(schema);
    const old = before.get(kind)?.schema;
    const isNew = old === undefined || canonicalJson(old) !== canonicalJson(schema);
    for (const name of (isNew ? things : wanted).keys()) {
      for (const wrong of check(things.get(name)?.fields ?? {})) {
        const place = design.places.get(placeKey(target, name));
        problems.push(problem(CUSTOM_FIELDS_INVALID, `${target.replace("_", " ")} '${name}': ${wrong}`, place));
      }
    }
  }
  const [first] = problems;
  if (first !== undefined) throw new GantryError(CUSTOM_FIELDS_INVALID, first.message, { problems });
}
