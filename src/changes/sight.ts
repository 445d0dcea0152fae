import type { Principal } from "../access/index.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { ChangeSet } from "./model.ts";
import { placesOf, worldWith } from "./plan.ts";

/** What of a change set somebody may see. Pure. */
export interface Sight {
  readonly changeSet: ChangeSet;
  /** Changes at places where they may read nothing. */
  readonly hidden: number;
}

/**
 * The change set with the changes that are where the principal may read. Undefined when there is none: it is not there, for them. A
 * design reaches over the whole tenant.
 */
export function sightOf({ rights }: Principal, snapshot: Snapshot, changeSet: ChangeSet): Sight | undefined {
  if (rights.everywhere("change.read")) return { changeSet, hidden: 0 };
  const { content } = changeSet;
  if (content.kind === "design") return undefined;
  const after = worldWith(snapshot, content.changes);
  const seen = content.changes.filter((one) =>
    placesOf(snapshot, after, one).every((place) => rights.at("change.read", place)),
  );
  if (seen.length === 0) return undefined;
  return {
    changeSet: { ...changeSet, content: { ...content, changes: seen } },
    hidden: content.changes.length - seen.length,
  };
}
