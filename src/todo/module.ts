import type { ServerModule, ServerModuleCall } from "../foreman/index.ts";
import { attributesOf, indexesOf, type Foundation } from "../inventory/index.ts";
import type { Prepared } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { ModuleDescription } from "../tscript/index.ts";
import { MANUAL_CALL_INVALID } from "./errors.ts";
import { MANUAL, MANUAL_ALIASES, MANUAL_FUNCTIONS, type ManualFunction, type Plug, saidOf } from "./model.ts";

/** What scripts may call by the module's own name; the functions of a foundation are those of every driver. */
export const MANUAL_DESCRIPTION: ModuleDescription = {
  functions: { ask: { parameters: { text: { required: true }, within: { required: false } } } },
  values: {},
};

/** The module `manual`: what a person is asked, and all that is done with a foundation of this type. */
export function createManualModule(): ServerModule {
  return {
    name: MANUAL,
    description: MANUAL_DESCRIPTION,
    async prepare(asked) {
      const called = asked.call.function;
      if (called === "ask") return ask(asked);
      const name = MANUAL_ALIASES[called] ?? called;
      const wanted = Object.hasOwn(MANUAL_FUNCTIONS, name) ? MANUAL_FUNCTIONS[name] : undefined;
      if (wanted !== undefined) return ofFoundation(asked, name, wanted);
      const meant = nearest(called, [...Object.keys(MANUAL_FUNCTIONS), "ask"]);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      throw new GantryError(MANUAL_CALL_INVALID, `a person cannot be asked for '${called}'${hint}`);
    },
  };
}

function ask({ parameters }: ServerModuleCall): Prepared {
  const { text, within } = parameters;
  if (typeof text !== "string" || text.trim() === "")
    throw new GantryError(MANUAL_CALL_INVALID, "'text' must say what a person is to do");
  if (within !== undefined && within !== null && !(typeof within === "number" && within > 0))
    throw new GantryError(MANUAL_CALL_INVALID, "'within' must be a time: 30:00");
  // Times of scripts are seconds.
  return toPerson("ask", { text }, typeof within === "number" ? within * 1000 : null);
}

function ofFoundation({ snapshot, foundation }: ServerModuleCall, name: string, wanted: ManualFunction): Prepared {
  if (foundation === undefined)
    throw new GantryError(MANUAL_CALL_INVALID, `there is no foundation that '${name}' could be asked for`);
  const known = wanted.known(saidOf(foundation.identifiers), plugsOf(snapshot, foundation));
  if (known !== undefined || wanted.ask === undefined) return { kind: "value", value: known ?? null };
  const details = attributesOf(snapshot, foundation);
  return toPerson(name, { text: wanted.ask(foundation.name), foundation: foundation.id, details }, null);
}

function toPerson(name: string, parameters: JsonObject, timeout: number | null): Prepared {
  return {
    kind: "task",
    task: {
      module: MANUAL,
      function: name,
      parameters,
      route: { outside: "person" },
      timeout,
      safeToRepeat: true,
    },
  };
}

function plugsOf(snapshot: ServerModuleCall["snapshot"], { name }: Foundation): readonly Plug[] {
  return indexesOf(snapshot)
    .interfacesOf("foundation", name)
    .flatMap((one) => snapshot.interfaces.get(one) ?? [])
    .filter(({ type }) => type === "real")
    .map(({ device, mac }) => ({ device, mac }));
}
