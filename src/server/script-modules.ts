import type { Fleet } from "../fleet/index.ts";
import { foremanCatalogue } from "../foreman/index.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject } from "../kernel/json.ts";
import type { ModuleAdvert } from "../link/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import { describeAgentFunctions } from "../verbs/index.ts";
import { describedModules, FOUNDATIONS } from "./modules.ts";

/** What scripts may call: modules of this program, of its server, and of workers that have joined. */
export interface ScriptModules {
  /** As a tenant's scripts see it: workers of others are none of it. */
  catalogue(tenantId: Id): Catalogue;
  /** The same, with the types of foundations that some worker can make: what documents are checked against. */
  known(tenantId: Id): { readonly catalogue: Catalogue; readonly foundationTypes: readonly string[] };
  /** Whether a function may run again after a crash; undefined for one that nobody offers. */
  isSafeToRepeat(tenantId: Id, module: string, name: string): boolean | undefined;
  /** Whether a function can take back what it did. */
  isUndoable(tenantId: Id, module: string, name: string): boolean;
}

/** @param server modules that the server answers itself */
export function createScriptModules(fleet: Pick<Fleet, "modules">, server: Catalogue): ScriptModules {
  const agent = describeAgentFunctions();
  const { drivers, others } = describedModules();
  const here = new Map([...drivers, ...others].map(({ name, functions }) => [name, functions]));
  const base = foremanCatalogue({ drivers, others, agent, server });
  /** By what workers say they can do, which seldom changes. */
  const made = new Map<Id, { readonly modules: ReturnType<Fleet["modules"]>; readonly catalogue: Catalogue }>();
  /** What workers of a tenant offer that this program does not know. */
  function strange(tenantId: Id): readonly string[] {
    return Object.keys(fleet.modules(tenantId)).filter((name) => !here.has(name));
  }

  function catalogueOf(tenantId: Id): Catalogue {
    if (strange(tenantId).length === 0) return base;
    const modules = fleet.modules(tenantId);
    const before = made.get(tenantId);
    if (before !== undefined && sameMembers(before.modules, modules)) return before.catalogue;
    const catalogue = foremanCatalogue({ drivers, others, agent, server, advertised: modules });
    made.set(tenantId, { modules, catalogue });
    return catalogue;
  }

  return {
    catalogue: catalogueOf,
    known(tenantId) {
      const modules = fleet.modules(tenantId);
      const types = strange(tenantId).filter((name) => makesFoundations(modules[name]));
      return {
        catalogue: catalogueOf(tenantId),
        foundationTypes: [...FOUNDATIONS.map(({ name }) => name), ...types],
      };
    },
    isSafeToRepeat(tenantId, module, name) {
      if (module === "agent") return agent[name]?.safeToRepeat;
      const known = here.get(module) ?? fleet.modules(tenantId)[module]?.functions;
      return known?.[name]?.safeToRepeat;
    },
    isUndoable(tenantId, module, name) {
      const known = here.get(module);
      if (known !== undefined) return known[name]?.undo !== undefined;
      return fleet.modules(tenantId)[module]?.functions[name]?.undoable === true;
    },
  };
}

/** A driver of somebody else: it can make something of a foundation it is told. */
function makesFoundations(module: ModuleAdvert | undefined): boolean {
  const properties = module?.functions["create"]?.parameters["properties"];
  return isJsonObject(properties) && Object.hasOwn(properties, "foundation");
}

function sameMembers(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
