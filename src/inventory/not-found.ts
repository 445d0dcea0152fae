import { GantryError } from "../kernel/errors.ts";
import { meant } from "./edit-touched.ts";
import { NOT_FOUND } from "./errors.ts";
import { titleOf, type Kind } from "./kinds.ts";

/** The error of something that is not there. `names`: those that could have been meant; none where they are not to be told. */
export function notFound(kind: Kind, idOrName: string, names: Iterable<string>): GantryError {
  return new GantryError(NOT_FOUND, `there is no ${titleOf(kind)} '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`);
}
