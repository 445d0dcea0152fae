import type { Id } from "../kernel/ids.ts";

/**
 * What should happen next, decided from what the inventory says and nothing else. The foreman calls this whenever something may have
 * changed; the same inventory gives the same steps, so it may run at any time, twice, or after a crash.
 */

export type BuildState = "planned" | "building" | "built" | "failed" | "destroying";

/** What foundations and structures have in common for the foreman. */
export interface Buildable {
  readonly id: Id;
  readonly name: string;
  readonly state: BuildState;
  readonly wanted: "built" | "absent";
  /** Built, but with inputs that are not the present ones. */
  readonly stale: boolean;
  /** Must be destroyed and built anew. */
  readonly rebuild: boolean;
  /** The one active job on this row. */
  readonly jobId: Id | null;
  /** The last job failed: nothing starts until a person applies again. */
  readonly failed: boolean;
  /** Addresses of what is there, as far as anything is. */
  readonly holds: readonly string[];
  /** Addresses it is created with. */
  readonly takes: readonly string[];
}

export interface FoundationView extends Buildable {
  /** What is to stand on it, and what was built on it and is still there. */
  readonly structures: readonly Id[];
}

export interface StructureView extends Buildable {
  readonly foundationId: Id;
  readonly dependsOn: readonly Id[];
}

export interface ForemanView {
  readonly foundations: readonly FoundationView[];
  readonly structures: readonly StructureView[];
}

export type TargetKind = "foundation" | "structure";
export type ScriptRole = "create" | "update" | "destroy";

export type ForemanStep =
  | { readonly kind: "start"; readonly role: ScriptRole; readonly target: TargetKind; readonly id: Id }
  | { readonly kind: "cancel"; readonly target: TargetKind; readonly id: Id; readonly jobId: Id }
  | { readonly kind: "remove"; readonly target: TargetKind; readonly id: Id };

/** The steps that can be taken now, foundations first. */
export function decide(view: ForemanView): readonly ForemanStep[] {
  const foundations = new Map(view.foundations.map((one) => [one.id, one]));
  const structures = new Map(view.structures.map((one) => [one.id, one]));
  const dependents = new Map<Id, StructureView[]>();
  for (const structure of view.structures) {
    for (const other of structure.dependsOn) {
      const list = dependents.get(other);
      if (list === undefined) dependents.set(other, [structure]);
      else list.push(structure);
    }
  }
  const leaving = leavingAddresses(view, foundations);
  const steps: ForemanStep[] = [];
  for (const foundation of view.foundations) {
    const step = foundationStep(foundation, structures);
    if (step !== undefined && !(isCreation(step) && isTaken(leaving, foundation, foundation.structures)))
      steps.push(step);
  }
  for (const structure of view.structures) {
    const step = structureStep(structure, foundations, structures, dependents.get(structure.id) ?? []);
    if (step !== undefined && !(isCreation(step) && isTaken(leaving, structure, [structure.foundationId])))
      steps.push(step);
  }
  return steps;
}

function isCreation(step: ForemanStep): boolean {
  return step.kind === "start" && step.role === "create";
}

/** Who still holds an address although it is on its way out, or to be made anew: by address. None of them waits for a creation. */
function leavingAddresses(
  view: ForemanView,
  foundations: ReadonlyMap<Id, FoundationView>,
): ReadonlyMap<string, readonly Id[]> {
  const holders = new Map<string, Id[]>();
  function add(one: Buildable, goes: boolean): void {
    if (!goes || !exists(one)) return;
    for (const address of one.holds) {
      const list = holders.get(address);
      if (list === undefined) holders.set(address, [one.id]);
      else list.push(one.id);
    }
  }
  for (const one of view.foundations) add(one, one.wanted === "absent" || one.rebuild);
  for (const one of view.structures) {
    add(one, one.wanted === "absent" || one.rebuild || foundations.get(one.foundationId)?.rebuild === true);
  }
  return holders;
}

/** An address belongs to one thing at a time: what is created with it waits until the one before has let it go. */
function isTaken(leaving: ReadonlyMap<string, readonly Id[]>, one: Buildable, own: readonly Id[]): boolean {
  return one.takes.some((address) => (leaving.get(address) ?? []).some((id) => id !== one.id && !own.includes(id)));
}

function foundationStep(one: FoundationView, structures: ReadonlyMap<Id, StructureView>): ForemanStep | undefined {
  if (one.jobId !== null) return unwantedJob(one, "foundation");
  if (one.failed) return undefined;
  const occupied = one.structures.some((id) => exists(structures.get(id)));
  if (one.wanted === "absent") {
    if (one.structures.some((id) => structures.has(id))) return undefined;
    if (one.state === "planned") return { kind: "remove", target: "foundation", id: one.id };
    return { kind: "start", role: "destroy", target: "foundation", id: one.id };
  }
  if (one.rebuild && one.state !== "planned") {
    return occupied ? undefined : { kind: "start", role: "destroy", target: "foundation", id: one.id };
  }
  if (one.state === "planned") return { kind: "start", role: "create", target: "foundation", id: one.id };
  if (one.stale && one.state === "built") return { kind: "start", role: "update", target: "foundation", id: one.id };
  return undefined;
}

function structureStep(
  one: StructureView,
  foundations: ReadonlyMap<Id, FoundationView>,
  structures: ReadonlyMap<Id, StructureView>,
  dependents: readonly StructureView[],
): ForemanStep | undefined {
  if (one.jobId !== null) return unwantedJob(one, "structure");
  if (one.failed) return undefined;
  if (one.wanted === "absent") {
    if (dependents.some(exists)) return undefined;
    if (one.state === "planned") return { kind: "remove", target: "structure", id: one.id };
    return { kind: "start", role: "destroy", target: "structure", id: one.id };
  }
  const foundation = foundations.get(one.foundationId);
  // What stands on a foundation that is about to be made anew is about to go, whatever it says itself.
  const isStanding = (other: StructureView | undefined): boolean =>
    settled(other) && foundations.get(other?.foundationId ?? "")?.rebuild === false;
  if (one.state !== "planned" && (one.rebuild || foundation?.rebuild === true)) {
    return { kind: "start", role: "destroy", target: "structure", id: one.id };
  }
  if (!settled(foundation) || !one.dependsOn.every((id) => isStanding(structures.get(id)))) return undefined;
  if (one.state === "planned") return { kind: "start", role: "create", target: "structure", id: one.id };
  if (one.stale && one.state === "built") return { kind: "start", role: "update", target: "structure", id: one.id };
  return undefined;
}

/** What is to go away is not built to its end first. */
function unwantedJob(one: Buildable, target: TargetKind): ForemanStep | undefined {
  if (one.jobId === null || one.wanted === "built" || one.state !== "building") return undefined;
  return { kind: "cancel", target, id: one.id, jobId: one.jobId };
}

/** Something of it may be there: it was built, is being built or destroyed, or failed on the way. */
function exists(one: Buildable | undefined): boolean {
  return one !== undefined && (one.state !== "planned" || one.jobId !== null);
}

/** Built as it should be, so that others may stand on it. */
function settled(one: Buildable | undefined): boolean {
  return (
    one !== undefined &&
    one.state === "built" &&
    one.wanted === "built" &&
    !one.stale &&
    !one.rebuild &&
    one.jobId === null
  );
}
