import { forbidden, type Place, type Principal } from "../access/index.ts";
import type { Snapshot } from "../inventory/index.ts";
import { keyOf, type Content } from "./model.ts";
import { placesOf, worldWith } from "./plan.ts";
import type { Touched } from "./rules.ts";

/** Where a change set needs rights, and whose approval counts for what. Pure. */

type DesignContent = Extract<Content, { kind: "design" }>;

function designKey({ name }: DesignContent): string {
  return keyOf({ kind: "design", name });
}

export function touchedByDesign(content: DesignContent): readonly Touched[] {
  return [{ key: designKey(content), chains: content.chains }];
}

/** Errors: `forbidden`, unless the permission is held at each of the places. */
export function requireAll(
  { name, rights }: Principal,
  permission: "change.propose" | "change.apply",
  places: readonly Place[],
): void {
  if (places.some((place) => !rights.at(permission, place)))
    throw forbidden(name, permission, "at every place it changes");
}

/** What of the content the principal may approve. */
export function coveredBy({ rights }: Principal, snapshot: Snapshot, content: Content): readonly string[] {
  if (content.kind === "design") return rights.everywhere("change.approve") ? [designKey(content)] : [];
  const after = worldWith(snapshot, content.changes);
  return content.changes
    .filter((one) => placesOf(snapshot, after, one).every((place) => rights.at("change.approve", place)))
    .map(keyOf);
}
