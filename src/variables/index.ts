/** Layered variables with operators and provenance: what other rooms may import. */
export type { Operator, VariableKey } from "./names.ts";
export { checkVariables, parseKey } from "./names.ts";
export type { Contribution, Explanation, Fold, Layer, Resolution, ResolveOptions, VariableSource } from "./resolve.ts";
export {
  applyOverlay,
  EMPTY_FOLD,
  extendFold,
  extendValues,
  objectOf,
  resolutionOf,
  resolve,
  valuesOfFold,
} from "./resolve.ts";
export { VARIABLE_NAME_INVALID, VARIABLE_TYPE_CONFLICT } from "./errors.ts";
export { replaceSecrets, secretNameOf, secretNamesIn } from "./secret-references.ts";
