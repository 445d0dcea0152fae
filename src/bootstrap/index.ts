export { UNIT_NOT_WRITABLE } from "./errors.ts";
export { type UnitKind, unitName, unitText } from "./unit.ts";
