import { problem, type Problem } from "../kernel/errors.ts";
import type { Parts } from "./build.ts";
import { ZONE_INVALID } from "./errors.ts";
import { placeKey } from "./model.ts";

/** Zones that do not lie in the zone they say delegates to them. */
export function checkZones(parts: Parts, problems: Problem[]): void {
  for (const { name, parent } of parts.zones.values()) {
    if (parent === null || name.endsWith(`.${parent}`)) continue;
    const message = `zone '${name}' cannot lie in zone '${parent}': its name must end with '.${parent}'`;
    problems.push(problem(ZONE_INVALID, message, parts.places.get(placeKey("zone", name))));
  }
}
