import type {
  BuildRecord,
  DependencyBuild,
  FoundationBuild,
  InventoryStore,
  StructureBuild,
} from "../inventory/index.ts";
import type { Job, JobOutcome } from "../jobs/index.ts";
import type { ScriptRole } from "./model.ts";
import type { BuiltRow } from "./programs.ts";
import type { ServiceWish } from "./store.ts";

/** What a row says when its job has ended. Pure. */

/** - utility: a script that builds nothing and takes nothing down. It has the row to itself, and leaves it as it is. */
export type JobRole = ScriptRole | "utility";

/** For the host, beside the job. */
export interface JobContext {
  readonly role: JobRole;
  /** What the target is built with if the job ends well. */
  readonly build: BuildRecord | null;
}

type BuildChange = Parameters<InventoryStore["changeBuild"]>[4];

/** What the job did that the record of the build has to say. */
export interface Deeds {
  readonly questions: StructureBuild["queries"];
  readonly services: ReadonlyMap<string, ServiceWish>;
  /** The variables that it set itself, by name: hashes of what they resolve to. */
  readonly variables: Readonly<Record<string, string>>;
}

export function endOf(
  row: BuiltRow,
  context: JobContext,
  outcome: JobOutcome,
  did: Deeds,
  job: Job,
  now: number,
): BuildChange {
  if (context.role === "utility") return serviced(row, did);
  if (outcome.status === "done") {
    if (context.role === "destroy") return { state: "planned", build: null, failure: null };
    const variables = { ...context.build!.variables, ...did.variables };
    const build =
      job.target.kind === "structure"
        ? {
            ...context.build!,
            variables,
            queries: did.questions,
            services: servicesAfter(row.build as StructureBuild | null, did.services),
            ...configAfter(row.build as StructureBuild | null, did),
          }
        : context.build;
    return { state: "built", build: build as StructureBuild | FoundationBuild | DependencyBuild, failure: null };
  }
  if (context.role !== "destroy") {
    // What is to go away, or to be made anew, and was stopped half-way is taken down next.
    if (row.wanted === "absent" || row.rebuild) return { state: "destroying", failure: null };
    // What was asked for while the job ran was not tried yet.
    if (row.stale && outcome.status === "failed")
      return { state: row.build === null ? "planned" : "built", failure: null };
  }
  const message = outcome.failure?.message ?? (outcome.status === "cancelled" ? "cancelled" : "failed");
  return { state: "failed", failure: { role: context.role, message, jobId: job.id, at: now } };
}

/** A utility leaves what is built as it is, but for what it did to variables and services. */
function serviced(row: BuiltRow, did: Deeds): BuildChange {
  const { services, variables } = did;
  if (row.build === null || (services.size === 0 && Object.keys(variables).length === 0)) return {};
  const before = row.build as StructureBuild;
  const build = { ...before, ...configAfter(before, did), variables: { ...before.variables, ...variables } };
  if (services.size === 0) return { build };
  return { build: { ...build, services: servicesAfter(before, services) } };
}

/** Variables that scripts set, this time or before. */
function configAfter(before: StructureBuild | null, { variables }: Deeds): Pick<StructureBuild, "config"> {
  const config = new Set([...(before?.config ?? []), ...Object.keys(variables)]);
  return config.size === 0 ? {} : { config: [...config].sort() };
}

/** What a job did not speak of is as it was. */
function servicesAfter(
  before: StructureBuild | null,
  wishes: ReadonlyMap<string, ServiceWish>,
): NonNullable<StructureBuild["services"]> {
  const services: Record<string, "started" | "stopped"> = { ...before?.services };
  for (const [name, wish] of wishes) {
    if (wish === "absent") delete services[name];
    else services[name] = wish;
  }
  return services;
}
