import { foundationTypeFacts } from "../blueprints/index.ts";
import { editedPaths, foundationDrift, structureDrift, type Observation } from "../design/index.ts";
import {
  isMade,
  occupants,
  OWNED_RULES,
  sitesOf,
  type AnyRow,
  type Foundation,
  type OwnedKind,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";

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

export interface Difference {
  readonly kind: OwnedKind;
  readonly name: string;
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
    const observation = observed.get(one.id);
    const structure = standing.get(one.name);
    drifted("foundation", one, foundationDrift(one, observation)?.reason);
    if (structure !== undefined) drifted("structure", structure, structureDrift(structure, observation)?.reason);
  }
  for (const one of snapshot.dependencies.values())
    built("dependency", one, snapshot.foundations.get(one.foundation)?.site ?? null);
  for (const one of snapshot.structures.values()) {
    if (isMade(one)) built("structure", one, one.site);
  }
  for (const { kind, rows } of OWNED_RULES)
    for (const row of (snapshot[rows] as ReadonlyMap<string, AnyRow>).values()) {
      const paths = editedPaths(kind, row);
      if (paths.length === 0) continue;
      const message = `Changed by others than ${row.managedBy.replace(":", " ")}: ${paths.join(", ")}.`;
      found.push({
        kind,
        name: row.name,
        site: sitesOf(snapshot, kind, row).at(-1) ?? null,
        difference: "edited",
        message,
      });
    }
  const order = (one: Difference): number => DIFFERENCE_KINDS.indexOf(one.difference);
  return found.toSorted((a, b) => order(a) - order(b) || compare(a.kind, b.kind) || compare(a.name, b.name));

  function built(kind: OwnedKind, row: Row, site: string | null): void {
    const said = differenceOf(row);
    if (said !== undefined) found.push({ kind, name: row.name, site, ...said });
  }

  function drifted(kind: OwnedKind, { name, site }: Foundation | Structure, reason: string | undefined): void {
    if (reason === undefined) return;
    found.push({ kind, name, site, difference: "drifted", message: `${reason[0]!.toUpperCase()}${reason.slice(1)}.` });
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
