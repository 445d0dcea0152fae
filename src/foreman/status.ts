import { findScript, placeInOrigin } from "../blueprints/index.ts";
import type { Job } from "../jobs/index.ts";
import {
  foundationOf,
  isMade,
  scriptStructureOf,
  standingStructures,
  type Dependency,
  type Foundation,
  type Made,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import { placeText } from "../kernel/errors.ts";
import { blueprintAsBuilt, blueprintOf } from "./as-built.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./model.ts";
import type { BuiltRow } from "./programs.ts";
import { foremanView, type DriverLimits } from "./view.ts";
import { waitingText } from "./waiting.ts";

/** How far a design is: what `gantry up` shows while it works. Pure. */
export interface DesignStatus {
  /** Nothing is being done any more: all is as wanted, has failed, or waits for a person. */
  readonly settled: boolean;
  readonly items: readonly StatusItem[];
}

export interface StatusItem {
  readonly name: string;
  /** A foundation is listed only when no structure stands on it, a dependency only when it has work of its own or failed. */
  readonly kind: "structure" | "foundation" | "dependency";
  readonly blueprint: string;
  readonly addresses: readonly string[];
  readonly state: ShownState;
  /** What is being done, or waited for; empty when nothing is. */
  readonly step: string;
  /** 0 to 100, over the foundation's and the structure's job. */
  readonly percent: number;
  readonly failure: StatusFailure | null;
  /** Milliseconds spent since the design was last applied; null when nothing was done. */
  readonly milliseconds: number | null;
}

export type ShownState = "planned" | "waiting" | "building" | "built" | "changing" | "paused" | "failed" | "destroying";

export interface StatusFailure {
  readonly jobId: Id;
  readonly message: string;
  /** The script and its line. */
  readonly place: string | null;
  /** The last output of the step that failed. */
  readonly output: string;
}

export interface StatusInput {
  readonly snapshot: Snapshot;
  /** `design:NAME`. */
  readonly managedBy: string;
  /** Epoch milliseconds of the last apply. */
  readonly appliedAt: number;
  /** Jobs on the design's foundations and structures that were made since then, or are active. */
  readonly jobs: readonly Job[];
  readonly now: number;
  /** As the foreman has them. Left out: none. */
  readonly driverLimits?: DriverLimits;
}

export function designStatus(input: StatusInput): DesignStatus {
  const { snapshot } = input;
  const own = <Row extends { readonly managedBy: string }>(row: Row): boolean => row.managedBy === input.managedBy;
  const standing = standingStructures(snapshot);
  const structures = standing.filter((one): one is Made<Structure> => own(one) && isMade(one));
  const occupied = new Set(standing.map((one) => one.foundation));
  const foundations = [...snapshot.foundations.values()].filter((one) => own(one) && !occupied.has(one.name));
  const jobs = new Map<Id, Job[]>();
  for (const job of input.jobs) {
    if (job.target.id === null) continue;
    const list = jobs.get(job.target.id);
    if (list === undefined) jobs.set(job.target.id, [job]);
    else list.push(job);
  }
  const decision = decide(foremanView(snapshot, input.driverLimits));
  const dependencies = [...snapshot.dependencies.values()].filter((one) => own(one) && isShown(one));
  const items = [
    ...structures.map((one) => structureItem(input, one, foundationOf(snapshot, one), jobs, decision)),
    ...foundations.map((one) => otherItem(input, "foundation", one, one.blueprint, jobs, decision)),
    ...dependencies.map((one) => otherItem(input, "dependency", one, one.build?.blueprint ?? "", jobs, decision)),
  ];
  const rows = [...structures, ...snapshot.foundations.values(), ...snapshot.dependencies.values()];
  const ids = new Set<Id>(rows.filter(own).map((one) => one.id));
  return { settled: isSettled(input, ids, decision), items: items.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function isShown(one: Dependency): boolean {
  return one.createScript !== null || one.destroyScript !== null || one.failure !== null || one.jobId !== null;
}

/** Settled: no job of the design moves by itself, and the foreman has nothing to start, now or when a limit allows it. */
function isSettled(input: StatusInput, ids: ReadonlySet<Id>, { steps, waiting }: Decision): boolean {
  const moving = input.jobs.some(
    (job) => ["queued", "running", "waiting"].includes(job.status) && job.target.id !== null && ids.has(job.target.id),
  );
  if (moving || steps.some((step) => ids.has(step.id))) return false;
  return ![...waiting].some(([id, why]) => why.for === "limit" && ids.has(id));
}

function structureItem(
  input: StatusInput,
  one: Made<Structure>,
  foundation: Foundation | undefined,
  jobs: ReadonlyMap<Id, Job[]>,
  decision: Decision,
): StatusItem {
  const own = lastJob(jobs, one);
  const below = foundation === undefined ? undefined : lastJob(jobs, foundation);
  const blocked = one.failure === null && one.state === "planned" && foundation?.failure != null;
  const failedOn =
    one.failure !== null ? { row: one, job: own } : blocked ? { row: foundation!, job: below } : undefined;
  const active = [own, below].find((job) => job !== undefined && isActive(job));
  return {
    name: one.name,
    kind: "structure",
    blueprint: one.blueprint,
    addresses: one.addresses.map((held) => held.address),
    state: failedOn !== undefined ? "failed" : shownState(one, active),
    step: stepText(input.snapshot, one, active, foundation, decision),
    percent: percentOf(one, foundation, own, below),
    failure: failedOn === undefined ? null : failureOf(input.snapshot, failedOn.row, failedOn.job),
    milliseconds: timeSpent(input, [
      ...(jobs.get(one.id) ?? []),
      ...(foundation === undefined ? [] : (jobs.get(foundation.id) ?? [])),
    ]),
  };
}

/** A foundation that nothing stands on, or a dependency. */
function otherItem(
  input: StatusInput,
  kind: "foundation" | "dependency",
  one: Foundation | Dependency,
  blueprint: string,
  jobs: ReadonlyMap<Id, Job[]>,
  { waiting }: Decision,
): StatusItem {
  const own = lastJob(jobs, one);
  const active = own !== undefined && isActive(own) ? own : undefined;
  const why = waiting.get(one.id);
  return {
    name: one.name,
    kind,
    blueprint,
    addresses: [],
    state: one.failure !== null ? "failed" : shownState(one, active),
    step: active === undefined ? (why === undefined ? "" : waitingText(why)) : jobStep(active),
    percent: one.state === "built" ? 100 : (active?.percent ?? 0),
    failure: one.failure === null ? null : failureOf(input.snapshot, one, own),
    milliseconds: timeSpent(input, jobs.get(one.id) ?? []),
  };
}

function lastJob(jobs: ReadonlyMap<Id, Job[]>, row: { readonly id: Id; readonly jobId: Id | null }): Job | undefined {
  const list = jobs.get(row.id) ?? [];
  return (
    list.find((job) => job.id === row.jobId) ??
    list.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).at(-1)
  );
}

function isActive(job: Job): boolean {
  return ["queued", "running", "waiting", "paused"].includes(job.status);
}

function shownState(one: BuiltRow, active: Job | undefined): ShownState {
  if (active?.status === "paused") return "paused";
  if (one.state === "building") return one.build === null ? "building" : "changing";
  if (one.state === "built")
    return one.wanted === "absent" || one.rebuild ? "destroying" : one.stale ? "changing" : "built";
  if (one.state === "planned") return active === undefined ? "planned" : "building";
  return one.state;
}

function stepText(
  snapshot: Snapshot,
  one: Structure,
  active: Job | undefined,
  foundation: Foundation | undefined,
  { waiting }: Decision,
): string {
  if (active !== undefined) return jobStep(active);
  const why = waiting.get(one.id) ?? waiting.get(foundation?.id ?? "");
  if (why !== undefined) return waitingText(why);
  if (one.state !== "planned" && !one.stale) return "";
  const waitsFor = one.dependsOn.filter((name) => {
    const other = snapshot.structures.get(name);
    return other !== undefined && isMade(other) && (other.state !== "built" || other.stale || other.rebuild);
  });
  return waitsFor.length === 0 ? "" : `waits for ${waitsFor.join(", ")}`;
}

/** `create, line 7: Files > agent.add`. */
function jobStep(job: Job): string {
  const doing = job.progress
    .map((entry) => entry.description)
    .filter((text) => text !== undefined && text !== "")
    .join(" > ");
  const place = job.line === null ? job.programName : `${job.programName}, line ${job.line}`;
  const what = doing === "" ? job.message : doing;
  return what === "" ? place : `${place}: ${what}`;
}

/** Half for the foundation, half for the structure, when both are made. */
function percentOf(
  one: Structure,
  foundation: Foundation | undefined,
  own: Job | undefined,
  below: Job | undefined,
): number {
  if (one.state === "built" && !one.stale && one.wanted === "built") return 100;
  const destroying = one.wanted === "absent";
  const structurePart =
    one.state === "planned" ? (destroying ? 100 : 0) : own !== undefined && isActive(own) ? own.percent : 0;
  if (below === undefined) return structurePart;
  const foundationPart = isActive(below) ? below.percent : foundation?.state === "built" && !destroying ? 100 : 0;
  return (structurePart + foundationPart) / 2;
}

function failureOf(snapshot: Snapshot, row: BuiltRow, job: Job | undefined): StatusFailure {
  const failure = job?.failure ?? null;
  const said = failure?.message ?? row.failure?.message ?? "";
  const message = failure?.code === undefined ? said : `${said} (${failure.code})`;
  return {
    jobId: row.failure?.jobId ?? job?.id ?? "",
    // A place of its own, as of a template, is told beside that of the script.
    message: failure?.where === undefined ? message : `${message} (${placeText(failure.where)})`,
    place:
      failure?.line == null || job === undefined
        ? null
        : scriptPlace(snapshot, blueprintFor(snapshot, row), job.programName, failure.line),
    output: failure?.output ?? "",
  };
}

function blueprintFor(snapshot: Snapshot, row: BuiltRow): string {
  // A dependency's script is one of the structure that it runs on.
  if ("createScript" in row)
    return snapshot.structures.get(scriptStructureOf(snapshot.dependencies, row.name) ?? "")?.blueprint ?? "";
  return row.failure?.role === "destroy" ? blueprintAsBuilt(snapshot, row) : blueprintOf(row);
}

/** A line of a script as a place in the file it was written in. */
function scriptPlace(snapshot: Snapshot, blueprint: string, script: string, line: number): string {
  const source = findScript(snapshot.blueprints, blueprint, script);
  return source === undefined ? `${script}:${line}` : placeText(placeInOrigin(source.origin, line));
}

function timeSpent(input: StatusInput, jobs: readonly Job[]): number | null {
  const since = jobs.filter((job) => job.createdAt >= input.appliedAt);
  if (since.length === 0) return null;
  const begun = Math.min(...since.map((job) => job.createdAt));
  const ended = Math.max(...since.map((job) => job.finishedAt ?? input.now));
  return Math.max(0, ended - begun);
}
