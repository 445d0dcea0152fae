import { foundationTypeFacts } from "../blueprints/index.ts";
import { foundationDrift, structureDrift, type Observation } from "../design/index.ts";
import { isMade, occupants, sameJson, type Foundation, type Snapshot, type Structure } from "../inventory/index.ts";
import type { Json } from "../kernel/json.ts";
import type { ThingRef } from "./model.ts";

/** How something is not as it was designed. */
export const DIFFERENCE_KINDS = [
  "failed",
  "drifted",
  "missing",
  "outdated",
  "unwanted",
  "edited",
  "unlocated",
  "working",
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference extends ThingRef {
  readonly site: string | null;
  readonly difference: DifferenceKind;
  /** A sentence for people. */
  readonly message: string;
}

type Row = Foundation | Structure | (Snapshot["dependencies"] extends ReadonlyMap<string, infer One> ? One : never);

/**
 * What is not as designed, as the inventory knows it: what failed, is not there yet, was built with other inputs, is to go, was edited by
 * others than its design, or was not found among the machines yet. `seen`: what drivers and
 * agents said of what is there. What needs a person stands first.
 */
export function differencesOf(snapshot: Snapshot, seen: readonly Observation[] = []): readonly Difference[] {
  const found: Difference[] = [];
  const observed = new Map(seen.map((one) => [one.foundationId, one]));
  const standing = occupants(snapshot.structures.values());
  for (const one of snapshot.foundations.values()) {
    const unlocated =
      one.wanted === "built" &&
      one.state === "planned" &&
      one.locatedAt === null &&
      foundationTypeFacts(one.type).origin === "found";
    if (unlocated)
      found.push({
        kind: "foundation",
        name: one.name,
        site: one.site,
        difference: "unlocated",
        message: "Nobody has said yet which machine it is.",
      });
    else built("foundation", one, one.site);
    edited("foundation", one, one.site);
    const observation = observed.get(one.id);
    const structure = standing.get(one.name);
    drifted("foundation", one, foundationDrift(one, observation)?.reason);
    if (structure !== undefined) drifted("structure", structure, structureDrift(structure, observation)?.reason);
  }
  for (const one of snapshot.dependencies.values())
    built("dependency", one, snapshot.foundations.get(one.foundation)?.site ?? null);
  for (const one of snapshot.structures.values()) {
    if (isMade(one)) built("structure", one, one.site);
    edited("structure", one, one.site);
  }
  const order = (one: Difference): number => DIFFERENCE_KINDS.indexOf(one.difference);
  return found.toSorted((a, b) => order(a) - order(b) || compare(a.kind, b.kind) || compare(a.name, b.name));

  function built(kind: ThingRef["kind"], row: Row, site: string | null): void {
    const said = differenceOf(row);
    if (said !== undefined) found.push({ kind, name: row.name, site, ...said });
  }

  function drifted(kind: ThingRef["kind"], { name, site }: Foundation | Structure, reason: string | undefined): void {
    if (reason === undefined) return;
    found.push({ kind, name, site, difference: "drifted", message: `${reason[0]!.toUpperCase()}${reason.slice(1)}.` });
  }

  function edited(kind: ThingRef["kind"], row: Foundation | Structure, site: string | null): void {
    const members = editedMembers(row);
    if (members.length === 0) return;
    const message = `Changed by others than ${row.managedBy.replace(":", " ")}: ${members.join(", ")}.`;
    found.push({ kind, name: row.name, site, difference: "edited", message });
  }
}

function differenceOf(row: Row): Pick<Difference, "difference" | "message"> | undefined {
  if (row.failure !== null)
    return { difference: "failed", message: `Its job ${row.failure.role} failed: ${row.failure.message}` };
  if (row.wanted === "absent")
    return { difference: "unwanted", message: "Is no longer part of any design, and still there." };
  if (row.jobId !== null) return { difference: "working", message: "A job is at work on it." };
  switch (row.state) {
    case "planned":
      return { difference: "missing", message: "Is not built yet." };
    case "built":
      if (row.rebuild) return { difference: "outdated", message: "Is to be made anew." };
      return row.stale
        ? { difference: "outdated", message: "Was built with other inputs than it has now." }
        : undefined;
    default:
      return { difference: "working", message: `Is ${row.state}.` };
  }
}

/** Members that a design wrote and that are not as it wrote them. */
function editedMembers(row: Foundation | Structure): readonly string[] {
  if (!row.managedBy.startsWith("design:")) return [];
  const now = row as unknown as Readonly<Record<string, Json>>;
  return Object.keys(row.applied).filter((member) => member in now && !sameJson(now[member]!, row.applied[member]!));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
