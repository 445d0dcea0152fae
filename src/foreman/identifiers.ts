import type { ValueWrite } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { IDENTIFIERS_TOO_LARGE, VALUE_FIXED } from "./errors.ts";
import { FOUNDATION_VALUES } from "./values.ts";

/** Characters of all identifiers of a foundation, as JSON. */
const LONGEST = 64 * 1024;

/**
 * The identifiers of a foundation after what a script assigned: `foundation.docker_id = container[ "id" ]`; none takes one away. Pure.
 *
 * Errors: `value_fixed`, `identifiers_too_large`.
 */
export function noted(identifiers: JsonObject, writes: readonly ValueWrite[]): JsonObject {
  const after = new Map(Object.entries(identifiers));
  for (const { module, name, value } of writes) {
    if (module !== "foundation" || (FOUNDATION_VALUES as readonly string[]).includes(name))
      throw new GantryError(VALUE_FIXED, `${module}.${name} can only be read`);
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  const made = Object.fromEntries(after);
  const size = JSON.stringify(made).length;
  if (size > LONGEST) {
    const largest = writes.toSorted((a, b) => JSON.stringify(b.value).length - JSON.stringify(a.value).length)[0];
    throw new GantryError(
      IDENTIFIERS_TOO_LARGE,
      `with foundation.${largest?.name} the foundation's identifiers have ${size} characters; ${LONGEST} are allowed`,
    );
  }
  return made;
}
