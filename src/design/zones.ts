import { DNS_RECORD_INVALID, renderZones } from "../dns/index.ts";
import type { World } from "../inventory/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import type { Parts } from "./build.ts";
import { ZONE_INVALID } from "./errors.ts";
import { placeKey, type Design } from "./model.ts";

/** Zones that do not lie in the zone they say delegates to them, and records that cannot be read. */
export function checkZones(parts: Parts, problems: Problem[]): void {
  if (parts.zones.size === 0) return;
  for (const { name, parent } of parts.zones.values()) {
    if (parent === null || name.endsWith(`.${parent}`)) continue;
    const message = `zone '${name}' cannot lie in zone '${parent}': its name must end with '.${parent}'`;
    problems.push(problem(ZONE_INVALID, message, parts.places.get(placeKey("zone", name))));
  }
  // Addresses are not given out yet, so of names nothing can be said here.
  const nameless: World = { ...parts, tenant: { name: "", variables: {} }, structures: new Map() };
  for (const found of renderZones(nameless).problems) {
    if (found.code !== DNS_RECORD_INVALID.code || found.zone === null) continue;
    const message = found.message.replace(" is left out: ", " cannot be read: ");
    problems.push(problem(ZONE_INVALID, message, parts.places.get(placeKey("zone", found.zone))));
  }
}

/** What DNS will leave out of the zones of a design, once the plan is applied: it does no harm, but is hardly meant. */
export function zoneWarnings(design: Design, world: World): readonly Problem[] {
  if (design.zones.size === 0) return [];
  return renderZones(world).problems.flatMap(({ zone, ...found }) => {
    const where = zone === null ? undefined : design.places.get(placeKey("zone", zone));
    return where === undefined ? [] : [{ ...found, where }];
  });
}
