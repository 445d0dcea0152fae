import type { Json, JsonObject } from "../kernel/json.ts";
import type { ValueLookup } from "../tscript/index.ts";
import { FOUNDATION_VALUES, type ScriptValues } from "./values.ts";

/** How scripts find values: `config.x`, `structure.x` and what is fixed of `foundation.x` are read only; identifiers can be set. Pure. */
export function valueLookup(values: ScriptValues): ValueLookup {
  const modules: Readonly<Record<string, JsonObject | null>> = {
    config: values.config,
    structure: values.structure,
    foundation: values.foundation,
  };
  return (module, name) => {
    const members = Object.hasOwn(modules, module) ? modules[module] : undefined;
    if (members === undefined || members === null) return { found: false, moduleKnown: false };
    const writable = module === "foundation" && !(FOUNDATION_VALUES as readonly string[]).includes(name);
    if (Object.hasOwn(members, name))
      return { found: true, value: members[name] as Json, access: writable ? "rw" : "r" };
    // An identifier that nobody noted yet can be noted, but not read: a name that is mistyped is no value.
    return { found: false, moduleKnown: true, settable: writable };
  };
}
