import type { Id } from "../kernel/ids.ts";
import { choose, type Candidate } from "./choose.ts";
import { fallingOf, supportsOf, type SupportsOf } from "./falling.ts";
import {
  exists,
  settled,
  type Buildable,
  type Decision,
  type DependencyView,
  type ForemanStep,
  type ForemanView,
  type FoundationView,
  type ScriptRole,
  type StartStep,
  type StructureView,
  type TargetKind,
  type Waiting,
} from "./model.ts";

/**
 * What should happen next, decided from what the inventory says and nothing else. The foreman calls this whenever something may have
 * changed; the same inventory gives the same steps, so it may run at any time, twice, or after a crash.
 */
export function decide(view: ForemanView): Decision {
  const world = worldOf(view);
  const waiting = new Map<Id, Waiting>();
  const found: Found[] = [];
  for (const one of view.foundations) put(one, foundationStep(one, world));
  for (const one of view.dependencies) put(one, dependencyStep(one, world));
  for (const one of view.structures) put(one, structureStep(one, world));

  function put(row: Buildable, step: ForemanStep | Waiting | undefined): void {
    if (step === undefined) return;
    if ("for" in step) waiting.set(row.id, step);
    else found.push({ row, step });
  }

  const candidates: Candidate[] = [];
  for (const { row, step } of found) if (step.kind === "start") candidates.push({ row, step });
  const chosen = choose(view, candidates, world.falling, waiting);
  const steps = found.flatMap(({ step }) => (step.kind === "start" ? (chosen.get(step.id) ?? []) : step));
  return { steps, waiting };
}

interface Found {
  readonly row: Buildable;
  readonly step: ForemanStep;
}

/** The view, so that what belongs together is found at once. */
interface DecideWorld {
  readonly foundations: ReadonlyMap<Id, FoundationView>;
  readonly structures: ReadonlyMap<Id, StructureView>;
  readonly dependencies: ReadonlyMap<Id, DependencyView>;
  readonly supports: SupportsOf;
  /** All that is to come down. */
  readonly falling: ReadonlySet<Id>;
  /** Structures that depend on a structure. */
  readonly dependents: ReadonlyMap<Id, readonly StructureView[]>;
  /** What a foundation waits for. */
  readonly dependenciesOf: ReadonlyMap<Id, readonly DependencyView[]>;
  /** Who still holds an address although it is on its way out, or to be made anew. None of them waits for a creation. */
  readonly leaving: ReadonlyMap<string, readonly Id[]>;
}

function worldOf(view: ForemanView): DecideWorld {
  const supports = supportsOf(view);
  const falling = fallingOf(view, supports);
  const dependents = new Map<Id, StructureView[]>();
  for (const structure of view.structures) {
    for (const other of structure.dependsOn) {
      const list = dependents.get(other);
      if (list === undefined) dependents.set(other, [structure]);
      else list.push(structure);
    }
  }
  return {
    foundations: new Map(view.foundations.map((one) => [one.id, one])),
    structures: new Map(view.structures.map((one) => [one.id, one])),
    dependencies: new Map(view.dependencies.map((one) => [one.id, one])),
    supports,
    falling,
    dependents,
    dependenciesOf: Map.groupBy(view.dependencies, (one) => one.foundationId),
    leaving: leavingAddresses(view, falling),
  };
}

function leavingAddresses(view: ForemanView, falling: ReadonlySet<Id>): ReadonlyMap<string, readonly Id[]> {
  const holders = new Map<string, Id[]>();
  for (const rows of [view.foundations, view.structures]) {
    for (const one of rows) {
      if (!falling.has(one.id) || !exists(one)) continue;
      for (const address of one.holds) {
        const list = holders.get(address);
        if (list === undefined) holders.set(address, [one.id]);
        else list.push(one.id);
      }
    }
  }
  return holders;
}

/** An address belongs to one thing at a time: what is created with it waits until the one before has let it go. */
function isTaken({ leaving }: DecideWorld, one: Buildable, own: readonly Id[]): boolean {
  return one.takes.some((address) => (leaving.get(address) ?? []).some((id) => id !== one.id && !own.includes(id)));
}

function start(target: TargetKind, { id }: Buildable, role: ScriptRole): StartStep {
  return { kind: "start", role, target, id };
}

function foundationStep(one: FoundationView, world: DecideWorld): ForemanStep | Waiting | undefined {
  if (one.jobId !== null) return unwantedJob(one, "foundation");
  if (one.failed) return undefined;
  const { structures, falling } = world;
  if (one.state !== "planned" && falling.has(one.id)) {
    // A row that is to go keeps waiting for those that stand on it, also when nothing of them is there.
    const blocks = one.wanted === "absent" ? (id: Id) => structures.has(id) : (id: Id) => exists(structures.get(id));
    return one.structures.some(blocks) ? undefined : start("foundation", one, "destroy");
  }
  const dependencies = world.dependenciesOf.get(one.id) ?? [];
  if (one.wanted === "absent") {
    if (dependencies.length > 0 || one.structures.some((id) => structures.has(id))) return undefined;
    return { kind: "remove", target: "foundation", id: one.id };
  }
  if (one.state === "planned") {
    const open = dependencies.filter((other) => !settled(other) || falling.has(other.id));
    if (!one.located) return { for: "location" };
    if (open.length > 0) return { for: "dependencies", names: open.map(({ name }) => name) };
    if (isTaken(world, one, one.structures)) return { for: "address" };
    return start("foundation", one, "create");
  }
  if (!one.stale || one.state !== "built") return undefined;
  return one.located ? start("foundation", one, "update") : { for: "location" };
}

function structureStep(one: StructureView, world: DecideWorld): ForemanStep | Waiting | undefined {
  if (one.jobId !== null) return unwantedJob(one, "structure");
  if (one.failed) return undefined;
  const { falling, foundations, structures, supports } = world;
  if (one.wanted === "absent" && (world.dependents.get(one.id) ?? []).some(exists)) return undefined;
  if (one.state !== "planned" && falling.has(one.id)) {
    return isHeld(one.id, world) ? undefined : start("structure", one, "destroy");
  }
  if (one.wanted === "absent") {
    const needed = supports.dependencies.has(one.id) || isHeld(one.id, world);
    return needed ? undefined : { kind: "remove", target: "structure", id: one.id };
  }
  const foundation = foundations.get(one.foundationId);
  // What is about to come down is no ground, whatever it says itself.
  const stands = (other: Buildable | undefined): boolean => settled(other) && !falling.has(other!.id);
  if (!stands(foundation) || !one.dependsOn.every((id) => stands(structures.get(id)))) return undefined;
  if (one.state === "planned")
    return isTaken(world, one, [one.foundationId]) ? { for: "address" } : start("structure", one, "create");
  return one.stale && one.state === "built" ? start("structure", one, "update") : undefined;
}

function dependencyStep(one: DependencyView, world: DecideWorld): ForemanStep | undefined {
  if (one.jobId !== null) return unwantedJob(one, "dependency");
  if (one.failed) return undefined;
  const { falling, foundations, supports } = world;
  if (one.state !== "planned" && falling.has(one.id)) {
    // In the reverse of the order of building: what it is for goes before it.
    const above = foundations.get(one.foundationId);
    const first = exists(above) && falling.has(one.foundationId);
    return first || isHeld(one.id, world) ? undefined : start("dependency", one, "destroy");
  }
  if (one.wanted === "absent")
    return supports.dependencies.has(one.id) ? undefined : { kind: "remove", target: "dependency", id: one.id };
  const below = [one.needs, one.runsOn].filter((id) => id !== null);
  if (!below.every((id) => settled(rowOf(world, id)) && !falling.has(id))) return undefined;
  if (one.state === "planned") return start("dependency", one, "create");
  return one.stale && one.state === "built" ? start("dependency", one, "update") : undefined;
}

/** Whether something is there that has to be taken down before: placed on it, or in need of it. */
function isHeld(id: Id, { supports, foundations, structures }: DecideWorld): boolean {
  const above = supports.standing.get(id) ?? [];
  if (above.some((other) => exists(foundations.get(other) ?? structures.get(other)))) return true;
  return (supports.dependencies.get(id) ?? []).some(({ dependency }) => exists(dependency));
}

function rowOf({ structures, dependencies }: DecideWorld, id: Id): Buildable | undefined {
  return structures.get(id) ?? dependencies.get(id);
}

/** What is to go away is not built to its end first. */
function unwantedJob(one: Buildable, target: TargetKind): ForemanStep | undefined {
  if (one.jobId === null || one.wanted === "built" || one.state !== "building") return undefined;
  return { kind: "cancel", target, id: one.id, jobId: one.jobId };
}
