export { bootstrap, type Outcome } from "./bootstrap.ts";
export { usualKnownHosts } from "./connection.ts";
export { BOOTSTRAP_NOT_CONNECTED, CATALOGUE_INVALID, UNIT_NOT_WRITABLE } from "./errors.ts";
export { type BootstrapHost, hostsOf } from "./model.ts";
export type { Architecture } from "./plan.ts";
export { type UnitKind, unitName, unitText } from "./unit.ts";
