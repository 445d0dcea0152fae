import type { Id } from "../kernel/ids.ts";
import {
  settled,
  type Buildable,
  type ComplexView,
  type ForemanView,
  type FoundationView,
  type StartStep,
  type TargetKind,
  type Waiting,
} from "./model.ts";
import { createPlacement, type Placement } from "./placement.ts";

/** Something that could be started now. */
export interface Candidate {
  readonly row: Buildable;
  readonly step: StartStep;
}

/**
 * Which of all that could be started is started now: as many as limits allow, and what a complex offers where it has room. Who has waited
 * longest comes first; of those that came together what is nearer to its end, so that something is done before everything is begun. Pure.
 *
 * @param waiting gets why the others wait
 * @returns by the id of the row: the step, with the place of a foundation that a complex offers
 */
export function choose(
  view: ForemanView,
  candidates: readonly Candidate[],
  falling: ReadonlySet<Id>,
  waiting: Map<Id, Waiting>,
): ReadonlyMap<Id, StartStep> {
  const room = roomOf(view);
  const complexes = complexesOf(view, falling);
  const chosen = new Map<Id, StartStep>();
  for (const { row, step } of inOrder(candidates, room.size > 0 || view.complexes.length > 0)) {
    const full = room.size === 0 ? undefined : row.limits.find((name) => (room.get(name) ?? Infinity) <= 0);
    if (full !== undefined) {
      waiting.set(row.id, { for: "limit", limit: full, most: view.limits.get(full)! });
      continue;
    }
    const placed =
      step.target === "foundation" && step.role === "create" ? complexes.place(row as FoundationView) : null;
    if (placed !== null && typeof placed === "object") {
      waiting.set(row.id, placed);
      continue;
    }
    for (const name of row.limits) room.set(name, (room.get(name) ?? Infinity) - 1);
    chosen.set(row.id, placed === null ? step : { ...step, placedOn: placed });
  }
  return chosen;
}

const NEARNESS: Readonly<Record<TargetKind, number>> = { structure: 0, foundation: 1, dependency: 2 };

function inOrder(candidates: readonly Candidate[], matters: boolean): readonly Candidate[] {
  if (!matters) return candidates;
  return candidates.toSorted(
    (a, b) =>
      a.row.since - b.row.since ||
      NEARNESS[a.step.target] - NEARNESS[b.step.target] ||
      (a.row.id < b.row.id ? -1 : a.row.id > b.row.id ? 1 : 0),
  );
}

/** Jobs each limit has room for: those that run count, whoever started them. */
function roomOf(view: ForemanView): Map<string, number> {
  const room = new Map(view.limits);
  if (room.size === 0) return room;
  for (const rows of [view.foundations, view.structures, view.dependencies]) {
    for (const { jobId, limits } of rows) {
      if (jobId === null) continue;
      for (const name of limits) room.set(name, (room.get(name) ?? Infinity) - 1);
    }
  }
  return room;
}

interface Complexes {
  /** The member it is created on; null when no complex offers it; else why it waits. */
  place(one: FoundationView): Id | null | Waiting;
}

function complexesOf(view: ForemanView, falling: ReadonlySet<Id>): Complexes {
  if (view.complexes.length === 0) return { place: ({ complexId }) => (complexId === null ? null : UNKNOWN) };
  const structures = new Map(view.structures.map((one) => [one.id, one]));
  const known = new Map(view.complexes.map((one) => [one.id, one]));
  // Also what failed half-way and is planned again keeps its room where it may be.
  const placed = Map.groupBy(view.foundations, (one) => one.placedOn ?? "");
  const made = new Map<Id, Offer>();

  function offerOf(complex: ComplexView): Offer {
    const before = made.get(complex.id);
    if (before !== undefined) return before;
    const standing = complex.members.filter(({ id }) => !falling.has(id));
    const built = standing.filter(({ id }) => isBuilt(structures.get(id))).length;
    const open = standing.filter(({ id }) => !structures.has(id) || settled(structures.get(id)));
    const placement = createPlacement(complex.capacity, open);
    for (const { id } of open) for (const one of placed.get(id) ?? []) placement.occupy(id, one.size);
    const offer = { built, open: new Set(open.map(({ id }) => id)), placement };
    made.set(complex.id, offer);
    return offer;
  }

  return {
    place(one) {
      if (one.complexId === null) return null;
      const complex = known.get(one.complexId);
      if (complex === undefined) return UNKNOWN;
      const { name, needed } = complex;
      const { built, open, placement } = offerOf(complex);
      if (built < needed) return { for: "complex", name, built, needed };
      if (one.placedOn !== null && open.has(one.placedOn)) return one.placedOn;
      return placement.place(one.size) ?? { for: "room", name };
    },
  };
}

/** A complex that nobody knows offers nothing. */
const UNKNOWN: Waiting = { for: "complex", name: "", built: 0, needed: 1 };

interface Offer {
  readonly built: number;
  readonly open: ReadonlySet<Id>;
  readonly placement: Placement;
}

/** A member that has a job is still there, but nothing new is placed on it. */
function isBuilt(member: Buildable | undefined): boolean {
  return member === undefined || (member.state === "built" && member.wanted === "built");
}
