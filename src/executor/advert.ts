import { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";
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
    Object.entries(module.functions).map(([name, wanted]) => {
      const { $schema: _, ...parameters } = z.toJSONSchema(wanted.parameters, { io: "input", unrepresentable: "any" });
      return [
        name,
        {
          summary: wanted.summary,
          parameters: JSON.parse(JSON.stringify(parameters)) as JsonObject,
          safeToRepeat: wanted.safeToRepeat,
          observes: wanted.observes ?? false,
          undoable: wanted.undo !== undefined,
        },
      ];
    }),
  );
}
