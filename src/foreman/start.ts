import {
  createResolver,
  indexesOf,
  NO_INVENTORY_ROWS,
  type BuildRecord,
  type InventoryStore,
  type Resolver,
  type Snapshot,
  type StructureBuild,
} from "../inventory/index.ts";
import type { Job, JobService, ProgramSource, Starter } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { JobContext, JobRole } from "./ending.ts";
import type { StartStep } from "./model.ts";
import { inputsOf, programFor, type BuiltTarget } from "./programs.ts";
import { secretMarks } from "./secret-marks.ts";
import type { SecretUse } from "./secrets.ts";

/** Makes jobs of steps: the job, and what the row then says, in one commit. */

/** The name of the job host that serves the foreman's jobs. */
export const FOREMAN_HOST = "foreman";

export interface StartParts {
  readonly tenantId: Id;
  readonly inventory: Pick<InventoryStore, "changeBuild" | "changeBookkeeping" | "readBuild" | "write">;
  readonly jobs: Pick<JobService, "create">;
  readonly events: EventStream;
  readonly clock: Clock;
  /** Which secret a name means. */
  readonly secrets: Pick<SecretUse, "find">;
}

/** The row changed between the look and the step: the next look sees it. */
export class StepOutdated extends Error {
  constructor() {
    super("the row changed meanwhile");
  }
}

export const AT_REST = { stale: false, rebuild: false, jobId: null, failure: null } as const;

/** What a row is built with by a job of this role; null when it builds nothing. Before the transaction: what changes since makes it stale. */
export async function buildFor(
  secrets: Pick<SecretUse, "find">,
  snapshot: Snapshot,
  target: BuiltTarget,
  role: JobRole,
  resolver: Resolver = createResolver(snapshot),
): Promise<BuildRecord | null> {
  if (role === "destroy" || role === "utility") return null;
  const build = inputsOf(snapshot, target, resolver);
  if (target.kind === "dependency") return build;
  const marks = await secretMarks(secrets, snapshot, target, resolver);
  return Object.keys(marks).length === 0 ? build : { ...build, secrets: marks };
}

/**
 * Takes a step that starts something: with a script by a job, else at once. Returns whether anything changed.
 *
 * Errors: `StepOutdated`; the transaction is then to be given up.
 */
export async function takeStart(
  parts: StartParts,
  tx: Transaction,
  snapshot: Snapshot,
  step: StartStep,
  target: BuiltTarget,
  build: BuildRecord | null,
  starter: Starter | undefined,
): Promise<boolean> {
  const { row } = target;
  const program = programFor(snapshot, target, step.role);
  if (program.kind === "script") {
    const source = {
      kind: "script",
      name: program.name,
      text: program.source.text,
      origin: program.source.origin,
    } as const;
    await makeJob(parts, tx, target, { role: step.role, build }, source, starter);
    if (step.placedOn !== undefined) await place(parts, tx, snapshot, step.placedOn, row.id);
    return true;
  }
  const change = (values: Parameters<InventoryStore["changeBuild"]>[4]): Promise<boolean> =>
    parts.inventory.changeBuild(tx, target.kind, row.id, row.version, { ...AT_REST, ...values });
  const about = { name: row.name, job: null, script: null };
  if (program.kind === "missing") {
    const failure = { role: step.role, message: program.message, jobId: null, at: parts.clock.now() };
    if (!(await change({ state: "failed", failure }))) return false;
    await emit(parts, tx, `${target.kind}.failed`, target, { ...about, message: program.message });
    return true;
  }
  const gone = step.role === "destroy";
  const built = { state: "built", build } as Parameters<InventoryStore["changeBuild"]>[4];
  if (!(await change(gone ? { state: "planned", build: null } : built))) return false;
  if (gone) await forget(parts, tx, target);
  await emit(parts, tx, `${target.kind}.${gone ? "destroyed" : "built"}`, target, about);
  return true;
}

/** A job on a row, and the row's word for it, in one commit. Errors: `StepOutdated`. */
export async function makeJob(
  parts: StartParts,
  tx: Transaction,
  target: BuiltTarget,
  context: JobContext,
  program: ProgramSource,
  starter: Starter | undefined,
): Promise<Job> {
  const { kind, row } = target;
  const [job] = await parts.jobs.create(tx, [
    {
      tenantId: parts.tenantId,
      host: FOREMAN_HOST,
      program,
      target: { kind, id: row.id, name: row.name },
      context: context as unknown as JsonObject,
      ...(starter === undefined ? {} : { starter }),
    },
  ]);
  // What is asked for while the job runs is answered by the next one, so both marks are taken off now.
  const values =
    context.role === "utility"
      ? { jobId: job!.id }
      : ({ ...AT_REST, state: context.role === "destroy" ? "destroying" : "building", jobId: job!.id } as const);
  if (!(await parts.inventory.changeBuild(tx, kind, row.id, row.version, values))) throw new StepOutdated();
  return job!;
}

/** Keeps on which member of its complex a foundation is created. */
export async function place(
  { inventory }: Pick<StartParts, "inventory">,
  tx: Transaction,
  snapshot: Snapshot,
  member: Id,
  foundation: Id,
): Promise<void> {
  const placedOn = indexesOf(snapshot).byId("structures", member) ?? null;
  await inventory.changeBookkeeping(tx, foundation, { placedOn });
}

/**
 * What is taken down is known by nothing any more, has its room nowhere, and what its scripts set goes with it. Which machine it is stays
 * known. `row`: as it was built.
 */
export async function forget(
  { inventory, tenantId, clock }: Pick<StartParts, "inventory" | "tenantId" | "clock">,
  tx: Transaction,
  {
    kind,
    row: { id, build },
  }: { readonly kind: BuiltTarget["kind"]; readonly row: Pick<BuiltTarget["row"], "id" | "build"> },
): Promise<void> {
  if (kind === "foundation") await inventory.changeBookkeeping(tx, id, { identifiers: {}, placedOn: null });
  const names = (build as StructureBuild | null)?.config ?? [];
  const row = names.length === 0 ? undefined : await inventory.readBuild(tx, "structure", id);
  if (row === undefined) return;
  const variables = Object.fromEntries(Object.entries(row.variables).filter(([name]) => !names.includes(name)));
  const changed = { ...row, variables, version: row.version + 1, updatedAt: clock.now() };
  const update = { ...NO_INVENTORY_ROWS, structures: [changed] };
  await inventory.write(tx, tenantId, { insert: NO_INVENTORY_ROWS, update });
}

export function emit(
  { events, tenantId }: Pick<StartParts, "events" | "tenantId">,
  tx: Transaction,
  type: string,
  { kind, row }: { readonly kind: BuiltTarget["kind"]; readonly row: Pick<BuiltTarget["row"], "id"> },
  data: JsonObject,
): Promise<void> {
  return events.append(tx, [{ tenantId, type, subject: { kind, id: row.id }, data }]);
}
