import { CREATE, DESTROY, findScript, UPDATE, type SourceText } from "../blueprints/index.ts";
import { isMade, type Snapshot } from "../inventory/index.ts";
import { GantryError, problem, type ErrorKind } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { nearest } from "../kernel/nearest.ts";
import { blueprintAsBuilt, blueprintOf } from "./as-built.ts";
import { decide } from "./decide.ts";
import type { JobRole } from "./ending.ts";
import { SCRIPT_UNKNOWN, TARGET_BUSY, TARGET_NOT_READY } from "./errors.ts";
import { exists, type Buildable, type ForemanView, type StartStep } from "./model.ts";
import { scriptNames, type BuiltTarget } from "./programs.ts";
import { foremanView } from "./view.ts";
import { waitingText } from "./waiting.ts";

/** Scripts that a person starts: which may, and what they are. Pure. */

/** A job that a person asked for. */
export interface HandStart {
  readonly target: BuiltTarget & { readonly kind: "foundation" | "structure" };
  readonly role: JobRole;
  readonly script: { readonly name: string; readonly source: SourceText };
  /** The member of a complex that a foundation is created on. */
  readonly placedOn?: Id;
}

/** What a script of this name does to what it runs for. */
export function roleOf(script: string): JobRole {
  if (script === CREATE) return "create";
  if (script === UPDATE) return "update";
  return script === DESTROY ? "destroy" : "utility";
}

/**
 * A script for each target, or what is wrong with any of them. What the foreman would not do in this order is not done by hand either;
 * limits of jobs do not hold a person up.
 *
 * Errors: `script_unknown`, `target_busy`, `target_not_ready`; of several targets the first one's, with the problems of all.
 */
export function planStarts(
  snapshot: Snapshot,
  targets: readonly (BuiltTarget & { readonly kind: "foundation" | "structure" })[],
  script: string,
): readonly HandStart[] {
  const role = roleOf(script);
  const possible = possibleSteps(snapshot, targets, role);
  const starts: HandStart[] = [];
  const wrong: { readonly kind: ErrorKind; readonly message: string }[] = [];
  for (const target of targets) {
    const found = scriptOf(snapshot, target, script, role);
    const refused = "kind" in found ? found : (busy(target) ?? possible.refusal(target));
    if (refused !== undefined) wrong.push(refused);
    else if (!("kind" in found)) {
      const placedOn = possible.steps.get(target.row.id)?.placedOn;
      starts.push({ target, role, script: found, ...(placedOn === undefined ? {} : { placedOn }) });
    }
  }
  const first = wrong[0];
  if (first === undefined) return starts;
  if (wrong.length === 1) throw new GantryError(first.kind, first.message);
  throw new GantryError(first.kind, `${first.message}; and ${wrong.length - 1} more: nothing was started`, {
    problems: wrong.map(({ kind, message }) => problem(kind, message)),
  });
}

type Refusal = { readonly kind: ErrorKind; readonly message: string };

function scriptOf(
  snapshot: Snapshot,
  { kind, row }: BuiltTarget & { readonly kind: "foundation" | "structure" },
  script: string,
  role: JobRole,
): HandStart["script"] | Refusal {
  if (row.blueprint === null)
    return { kind: TARGET_NOT_READY, message: `${kind} ${row.name} is only recorded: it has no blueprint` };
  const blueprint = role === "destroy" ? blueprintAsBuilt(snapshot, row) : blueprintOf(row);
  const source = findScript(snapshot.blueprints, blueprint, script);
  if (source !== undefined) return { name: script, source };
  const names = scriptNames(snapshot, blueprint);
  const near = nearest(script, names);
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  const there = names.length === 0 ? "It has none." : `There are: ${names.join(", ")}.`;
  const message = `the blueprint ${blueprint} of ${kind} ${row.name} has no script '${script}'${hint} ${there}`;
  return { kind: SCRIPT_UNKNOWN, message };
}

/** Never two jobs on one target. */
function busy({ kind, row }: BuiltTarget): Refusal | undefined {
  if (row.jobId === null) return undefined;
  return { kind: TARGET_BUSY, message: `${kind} ${row.name} has a job already: ${row.jobId}` };
}

interface Possible {
  readonly steps: ReadonlyMap<Id, StartStep>;
  refusal(target: BuiltTarget): Refusal | undefined;
}

/** What the foreman would do if it were asked to: the rows are looked at as if they wished for it. */
function possibleSteps(snapshot: Snapshot, targets: readonly BuiltTarget[], role: JobRole): Possible {
  if (role === "utility") return { steps: new Map(), refusal: () => undefined };
  const asked = new Set(targets.map(({ row }) => row.id));
  const view = wishing(foremanView(snapshot), asked, role);
  const { steps, waiting } = decide(view);
  const found = new Map<Id, StartStep>();
  for (const step of steps) if (step.kind === "start" && step.role === role) found.set(step.id, step);
  return {
    steps: found,
    refusal({ kind, row }) {
      if (role !== "create" && !exists(row)) return notReady(`${kind} ${row.name} is not built`);
      if (role === "create" && row.build !== null) return notReady(`${kind} ${row.name} is built`);
      if (role === "update" && row.build === null) return notReady(`${kind} ${row.name} is not built`);
      if (role !== "destroy" && row.wanted === "absent") return notReady(`${kind} ${row.name} is to go away`);
      if (found.has(row.id)) return undefined;
      const why = waiting.get(row.id);
      if (why !== undefined) return notReady(`${kind} ${row.name} ${waitingText(why)}`);
      return notReady(
        role === "destroy"
          ? `what stands on ${kind} ${row.name}, or needs it, has to be taken down first`
          : `what ${kind} ${row.name} stands on or depends on is not built`,
      );
    },
  };
}

function notReady(message: string): Refusal {
  return { kind: TARGET_NOT_READY, message };
}

/** Rows as if they wished to be created, brought up to date or taken down; without limits. */
function wishing(view: ForemanView, asked: ReadonlySet<Id>, role: JobRole): ForemanView {
  const wish = <Row extends Buildable>(one: Row): Row => {
    if (!asked.has(one.id) || one.jobId !== null) return one;
    if (role === "create") return { ...one, failed: false, state: "planned" };
    if (role === "update") return { ...one, failed: false, state: "built", stale: true };
    return exists(one) ? { ...one, failed: false, state: "built", rebuild: true } : one;
  };
  return {
    ...view,
    foundations: view.foundations.map(wish),
    structures: view.structures.map(wish),
    limits: new Map(),
  };
}

/** Structures of a group that somebody builds: to start a script on the others says nothing. */
export function madeOf(snapshot: Snapshot, names: readonly string[]): readonly (BuiltTarget & { kind: "structure" })[] {
  return names.flatMap((name) => {
    const row = snapshot.structures.get(name);
    return row !== undefined && isMade(row) ? [{ kind: "structure" as const, row }] : [];
  });
}
