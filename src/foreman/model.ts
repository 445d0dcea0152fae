import type { Id } from "../kernel/ids.ts";

/** What the foreman sees of the inventory, and what it may do: plain data. Names have become ids. */

export type BuildState = "planned" | "building" | "built" | "failed" | "destroying";

/** What everything that is built has in common for the foreman. */
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
  /** When its row was written last, epoch milliseconds: who waits longest for a limit comes first. */
  readonly since: number;
  /** The limits that a job on it counts for, by their names in `ForemanView.limits`. */
  readonly limits: readonly string[];
}

export interface FoundationView extends Buildable {
  /** What is to stand on it, and what was built on it and is still there. */
  readonly structures: readonly Id[];
  /** Whether it is known which machine it is, as far as one has to be found. */
  readonly located: boolean;
  /** The complex that offers it. */
  readonly complexId: Id | null;
  /** The structure of the complex it was placed on. */
  readonly placedOn: Id | null;
  /** How much room it takes on a member, by the names of the complex's capacity. */
  readonly size: Amounts;
}

export interface StructureView extends Buildable {
  readonly foundationId: Id;
  readonly dependsOn: readonly Id[];
}

/** A foundation waits for what is needed, and for what is done in between. */
export interface DependencyView extends Buildable {
  readonly foundationId: Id;
  /** A structure or another dependency. Null: a structure that nobody builds, which is there. */
  readonly needs: Id | null;
  /** The structure its scripts run on; null when it has none. */
  readonly runsOn: Id | null;
  readonly link: "soft" | "hard";
}

/** Structures that together offer foundations. */
export interface ComplexView {
  readonly id: Id;
  readonly name: string;
  /** Those that are no structures of the view are built by nobody, and there. */
  readonly members: readonly { readonly id: Id; readonly name: string }[];
  /** So many of them have to be built. */
  readonly needed: number;
  /** Of each member. What is not named is not limited. */
  readonly capacity: Amounts;
}

export type Amounts = Readonly<Record<string, number>>;

export interface ForemanView {
  readonly foundations: readonly FoundationView[];
  readonly structures: readonly StructureView[];
  readonly dependencies: readonly DependencyView[];
  readonly complexes: readonly ComplexView[];
  /** Jobs there may be at one time, by the name of the limit: `site lab`, `blueprint web`, `driver docker`. */
  readonly limits: ReadonlyMap<string, number>;
}

export type TargetKind = "foundation" | "structure" | "dependency";
export type ScriptRole = "create" | "update" | "destroy";

export interface StartStep {
  readonly kind: "start";
  readonly role: ScriptRole;
  readonly target: TargetKind;
  readonly id: Id;
  /** The structure of its complex that a foundation is created on. */
  readonly placedOn?: Id;
}

export type ForemanStep =
  | StartStep
  | { readonly kind: "cancel"; readonly target: TargetKind; readonly id: Id; readonly jobId: Id }
  | { readonly kind: "remove"; readonly target: TargetKind; readonly id: Id };

/** Why something that could be built is not. */
export type Waiting =
  /** As many jobs as the limit of this name allows. */
  | { readonly for: "limit"; readonly limit: string; readonly most: number }
  /** Nobody has said yet which machine it is. */
  | { readonly for: "location" }
  /** These are not built. */
  | { readonly for: "dependencies"; readonly names: readonly string[] }
  /** Too few members of its complex are built. */
  | { readonly for: "complex"; readonly name: string; readonly built: number; readonly needed: number }
  /** Every member of its complex is full. */
  | { readonly for: "room"; readonly name: string }
  /** Something that is on its way out still has one of its addresses. */
  | { readonly for: "address" };

export interface Decision {
  /** What can be done now: foundations first, then dependencies and structures. */
  readonly steps: readonly ForemanStep[];
  /** What waits, by the id of the row, as far as that is for more than what it stands on. */
  readonly waiting: ReadonlyMap<Id, Waiting>;
}

/** Something of it may be there: it was built, is being built or destroyed, or failed on the way. */
export function exists(one: Pick<Buildable, "state" | "jobId"> | undefined): boolean {
  return one !== undefined && (one.state !== "planned" || one.jobId !== null);
}

/** Built as it should be, so that others may stand on it. */
export function settled(one: Buildable | undefined): boolean {
  return (
    one !== undefined &&
    one.state === "built" &&
    one.wanted === "built" &&
    !one.stale &&
    !one.rebuild &&
    one.jobId === null
  );
}
