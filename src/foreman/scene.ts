import {
  attributesOf,
  createResolver,
  isMade,
  occupants,
  scriptStructureOf,
  secretOwnersOf,
  type Foundation,
  type Resolver,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Call, HiddenValue, Job, TaskDraft } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { worldAsBuilt } from "./as-built.ts";
import { TARGET_GONE } from "./errors.ts";
import { structuresOn } from "./parameters.ts";
import { createOpening, purposeOf, type Opening, type SecretUse } from "./secrets.ts";
import { scriptValues, type ScriptValues } from "./values.ts";

/** Where a job's script plays: what it builds, what that stands on, and what it sees. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly resolver: Resolver;
  /** Whose scripts and templates the job uses. */
  readonly blueprint: string;
  /** Where workers for its calls are. */
  readonly site: string;
  /** The structure that is built, or on which a dependency's script runs; of a foundation, what stands on it. */
  readonly structure: Structure | undefined;
  readonly foundation: Foundation | undefined;
  readonly values: ScriptValues;
}

/** Pure. Errors: `target_gone`. */
export function sceneOf(now: Snapshot, job: Job): Scene {
  const { kind, name } = job.target;
  if (kind === "dependency") return structureScene(now, scriptStructure(now, job));
  if (kind !== "structure" && kind !== "foundation") throw gone(job);
  const snapshot = job.context["role"] === "destroy" ? worldAsBuilt(now, { kind, name }) : now;
  if (kind === "structure") {
    const structure = snapshot.structures.get(name);
    if (structure?.id !== job.target.id) throw gone(job);
    return structureScene(snapshot, structure);
  }
  const foundation = snapshot.foundations.get(name);
  if (foundation?.id !== job.target.id) throw gone(job);
  const resolver = createResolver(snapshot);
  const standing = structuresOn(snapshot, foundation.name);
  const alone = standing.length === 1 ? standing[0] : undefined;
  const variables = resolver.foundation(foundation.name).values as JsonObject;
  return {
    snapshot,
    resolver,
    blueprint: foundation.blueprint,
    site: foundation.site,
    structure: occupants(standing).get(foundation.name),
    foundation,
    values: scriptValues(snapshot, alone, foundation, variables),
  };
}

function structureScene(snapshot: Snapshot, structure: Structure): Scene {
  if (!isMade(structure)) throw new GantryError(TARGET_GONE, `nobody builds the structure ${structure.name} any more`);
  const resolver = createResolver(snapshot);
  const foundation = snapshot.foundations.get(structure.foundation);
  const variables = resolver.structure(structure.name).values as JsonObject;
  return {
    snapshot,
    resolver,
    blueprint: structure.blueprint,
    site: structure.site,
    structure,
    foundation,
    values: scriptValues(snapshot, structure, foundation, variables),
  };
}

/** The structure on which the script of a dependency runs: that it was built on, when it is taken down. */
function scriptStructure(snapshot: Snapshot, job: Job): Structure {
  const { dependencies, structures } = snapshot;
  const dependency = dependencies.get(job.target.name);
  if (dependency?.id !== job.target.id) throw gone(job);
  const built = job.context["role"] === "destroy" ? dependency.build?.scriptStructure : undefined;
  const name = built ?? scriptStructureOf(dependencies, dependency.name);
  const structure = structures.get(name ?? "");
  if (structure === undefined)
    throw new GantryError(TARGET_GONE, `the structure ${name ?? ""} on which its scripts run is gone`);
  return structure;
}

function gone({ target }: Job): GantryError {
  return new GantryError(TARGET_GONE, `the ${target.kind} ${target.name} is gone`);
}

/** The id of the site in which calls are done; empty when it is gone. */
export function siteIdOf({ snapshot }: Scene, name: string): Id {
  return snapshot.sites.get(name)?.id ?? "";
}

/** Opens what the variables of the target refer to. */
export function variableOpening(secrets: SecretUse, job: Job, call: Call, scene: Scene): Opening {
  const { snapshot, structure, foundation, values } = scene;
  const target =
    job.target.kind !== "foundation" && structure !== undefined
      ? ({ kind: "structure", row: structure } as const)
      : foundation === undefined
        ? undefined
        : ({ kind: "foundation", row: foundation } as const);
  return createOpening({
    secrets,
    tenantId: job.tenantId,
    purpose: purposeOf(job, call),
    owners: target === undefined ? [] : secretOwnersOf(snapshot, target),
    variables: values.config,
  });
}

/** Opens what the attributes of a foundation refer to, whatever its structure says under the same names. */
export function attributeOpening(
  secrets: SecretUse,
  job: Job,
  call: Call,
  { snapshot }: Scene,
  foundation: Foundation,
): Opening {
  return createOpening({
    secrets,
    tenantId: job.tenantId,
    purpose: purposeOf(job, call),
    owners: secretOwnersOf(snapshot, { kind: "foundation", row: foundation }),
    variables: attributesOf(snapshot, foundation),
  });
}

/** What a task that was given secrets hides. */
export function hideOf(...openings: readonly Opening[]): Pick<TaskDraft, "hide"> {
  const opened: readonly HiddenValue[] = openings.flatMap((one) => one.opened);
  return opened.length === 0 ? {} : { hide: opened };
}
