import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { FunctionAdvert, Module, ModuleAdvert } from "../link/index.ts";

/** What the server is told of the modules, for scripts to be checked against. */
export function advertise(modules: Iterable<Module>): Record<string, ModuleAdvert> {
  return Object.fromEntries(
    [...modules].map((module) => [module.name, { limit: module.limit, functions: functionsOf(module), lists: true }]),
  );
}

/** Many executors of one process may have one module: what it says is worked out once. */
const known = new WeakMap<Module, Record<string, FunctionAdvert>>();

function functionsOf(module: Module): Record<string, FunctionAdvert> {
  const before = known.get(module);
  if (before !== undefined) return before;
  const made = functionAdverts(module);
  known.set(module, made);
  return made;
}

function functionAdverts(module: Module): Record<string, FunctionAdvert> {
  return Object.fromEntries(
    Object.entries(module.functions).map(([name, wanted]) => [
      name,
      {
        summary: wanted.summary,
        parameters: parametersOf(wanted.parameters),
        safeToRepeat: wanted.safeToRepeat,
        observes: wanted.observes ?? false,
        undoable: wanted.undo !== undefined,
      },
    ]),
  );
}

/**
 * The parameters as JSON Schema. Many functions have many parameters in common, the very same schemas: each is worked out once, for this is
 * a fifth of an agent's start otherwise.
 */
export function parametersOf(parameters: z.ZodType): JsonObject {
  return (parameters instanceof z.ZodObject ? assembled(parameters) : undefined) ?? jsonSchema(parameters);
}

/** Undefined when what properties refer to cannot stand in one list. */
function assembled(parameters: z.ZodObject): JsonObject | undefined {
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  const definitions: Record<string, Json> = {};
  for (const [name, field] of Object.entries(parameters.shape as Record<string, z.ZodType>)) {
    const alone = described(field);
    properties[name] = alone.property;
    if (alone.required) required.push(name);
    for (const [id, definition] of Object.entries(alone.definitions)) {
      if (definitions[id] !== undefined && !isDeepStrictEqual(definitions[id], definition)) return undefined;
      definitions[id] = definition;
    }
  }
  const { description } = parameters;
  return {
    ...(description === undefined ? {} : { description }),
    // Whether it takes others.
    ...jsonSchema(parameters.pick({})),
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}

interface Property {
  readonly property: Json;
  readonly required: boolean;
  readonly definitions: JsonObject;
}

const properties = new WeakMap<z.ZodType, Property>();

function described(field: z.ZodType): Property {
  const before = properties.get(field);
  if (before !== undefined) return before;
  const object = jsonSchema(z.object({ field }));
  const made = {
    property: (object["properties"] as JsonObject)["field"] ?? {},
    required: object["required"] !== undefined,
    definitions: (object["$defs"] ?? {}) as JsonObject,
  };
  properties.set(field, made);
  return made;
}

function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...all } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(all)) as JsonObject;
}
