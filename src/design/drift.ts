import type { Foundation, Snapshot, Structure } from "../inventory/index.ts";
import { attributesOf, occupants } from "../inventory/index.ts";
import type { Effect } from "./decision.ts";
import type { Observation, ObservationTarget } from "./model.ts";

/** How something is not what the inventory says it is. */
export interface Drift {
  readonly effect: Extract<Effect, "update" | "recreate">;
  readonly reason: string;
}

/** What to look at, for a plan of a design or for all: foundations that are built and at rest. */
export function observationTargets(snapshot: Snapshot, owner?: string): readonly ObservationTarget[] {
  const standing = occupants(snapshot.structures.values());
  return [...snapshot.foundations.values()]
    .filter((one) => (owner === undefined || one.managedBy === owner) && atRest(one))
    .map((one) => {
      const structure = standing.get(one.name);
      return {
        foundationId: one.id,
        name: one.name,
        type: one.build?.type ?? one.type,
        site: one.build?.site ?? one.site,
        attributes: one.build?.attributes ?? attributesOf(snapshot, one),
        structures: structure !== undefined && structure.state === "built" ? [structure.name] : [],
      };
    });
}

/** Built, and nothing is on its way: only then does a difference to reality mean something. */
function atRest(row: Foundation | Structure): boolean {
  return row.state === "built" && row.wanted === "built" && row.jobId === null && !row.stale && !row.rebuild;
}

export function foundationDrift(row: Foundation, seen: Observation | undefined): Drift | undefined {
  if (seen === undefined || !atRest(row)) return undefined;
  if (seen.power === "absent") return { effect: "recreate", reason: "is gone" };
  if (seen.power === "off") return { effect: "update", reason: "is powered off" };
  return seen.agent === "missing" ? { effect: "update", reason: "its agent does not answer" } : undefined;
}

/** Its services: those that are there and do not run, though nobody stopped them, and those its scripts left that are not there any more. */
export function structureDrift(row: Structure, seen: Observation | undefined): Drift | undefined {
  if (seen === undefined || seen.services === null || !atRest(row)) return undefined;
  const left = row.build?.services ?? {};
  const listed = new Set(seen.services.map(({ name }) => name));
  const down = seen.services.filter(
    ({ name, state }) => state !== "running" && !(state === "stopped" && left[name] === "stopped"),
  );
  const names = [
    ...down.map(({ name, state }) => `${name} (${state})`),
    ...Object.keys(left)
      .filter((name) => !listed.has(name))
      .map((name) => `${name} (gone)`),
  ];
  if (names.length === 0) return undefined;
  return {
    effect: "update",
    reason: `${names.length === 1 ? "service" : "services"} not running: ${names.join(", ")}`,
  };
}
