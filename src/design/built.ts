import type {
  BuildRecord,
  Buildable,
  Dependency,
  DependencyData,
  Foundation,
  FoundationData,
  Managed,
  Structure,
  StructureBuild,
  StructureData,
} from "../inventory/index.ts";
import { dependencyInputs, foundationInputs, foundationOf, isMade, structureInputs } from "../inventory/index.ts";
import { findScript, UPDATE } from "../blueprints/index.ts";
import { listText, type Compared, type Effect } from "./decision.ts";
import {
  dependencyReplacement,
  foundationReplacement,
  inputDifference,
  queryDifference,
  structureReplacement,
  valuesIn,
  type Asker,
  type Difference,
  type Worlds,
} from "./differences.ts";
import { foundationDrift, structureDrift, type Drift } from "./drift.ts";
import { sameValue } from "./fields.ts";
import type { Action, ActionKind, FieldChange, Observation } from "./model.ts";
import { changeReason } from "./records.ts";

/** What a decision about something built rests on. */
export interface Grounds {
  readonly worlds: Worlds;
  readonly askers: { readonly before: Asker; readonly after: Asker };
  /** The structure on each foundation, before and after. */
  readonly occupants: {
    readonly before: ReadonlyMap<string, StructureData>;
    readonly after: ReadonlyMap<string, StructureData>;
  };
  readonly observations: ReadonlyMap<string, Observation>;
}

/** What becomes of one row, and how the plan says it. No action: as it should be, or `underway`. */
export interface Outcome {
  readonly effect: Effect;
  readonly action?: Pick<Action, "kind" | "reason" | "fields">;
  readonly underway: boolean;
}

/** A foundation of the design that has a row. */
export function decideFoundation(
  one: Compared<FoundationData, Foundation>,
  row: Foundation,
  grounds: Grounds,
): Outcome {
  const { before, after } = grounds.worlds;
  const { name } = one;
  const now = foundationInputs(after, name, grounds.occupants.after.get(name));
  const built = inBuild(row, () => foundationInputs(before, name, grounds.occupants.before.get(name)));
  const replacement = foundationReplacement(built, now);
  const values = { before: valuesIn(before, "foundation", name), after: valuesIn(after, "foundation", name) };
  // Without a script that brings it up to date a machine is not made anew because a script was edited.
  const updatable = findScript(after.world.blueprints, row.blueprint, UPDATE) !== undefined;
  const inputs = updatable ? inputDifference(built, now, values) : NO_DIFFERENCE;
  return decide(row, fieldsOf(one), changeReason(one), {
    replacement,
    inputs,
    drift: foundationDrift(row, grounds.observations.get(row.id)),
  });
}

/** A structure of the design that has a row. `foundation`: what becomes of the foundation it stands on. */
export function decideStructure(
  one: Compared<unknown, Structure>,
  row: Structure,
  written: readonly FieldChange[],
  foundation: Outcome | undefined,
  grounds: Grounds,
): Outcome {
  const { before, after } = grounds.worlds;
  const { name } = one;
  const wanted = after.world.structures.get(name);
  if (wanted === undefined || !isMade(wanted)) return recorded(written, changeReason(one));
  const now = structureInputs(after, name);
  // What was only recorded so far is built from nothing.
  const built: StructureBuild = inBuild(row, () => ({
    ...(isMade(row) ? structureInputs(before, name) : now),
    queries: row.build?.queries ?? [],
  }));
  const values = { before: valuesIn(before, "structure", name), after: valuesIn(after, "structure", name) };
  const inputs = inputDifference(built, now, values);
  const queries = queryDifference(built.queries, grounds.askers.before, grounds.askers.after, !settled(row));
  const moved = sameValue(built.addresses, now.addresses) ? [] : ["addresses changed"];
  const difference = {
    reasons: [...inputs.reasons, ...queries.reasons, ...moved],
    fields: [...inputs.fields, ...queries.fields],
  };
  const seen = observationOf(grounds, row.foundation);
  return decide(row, written, changeReason(one), {
    replacement: structureReplacement(built, now),
    inputs: difference,
    drift: structureDrift(row, seen),
    ...(foundation === undefined ? {} : { below: foundation }),
  });
}

/** A dependency of the design that has a row. */
export function decideDependency(
  one: Compared<DependencyData, Dependency>,
  row: Dependency,
  data: DependencyData,
  grounds: Grounds,
): Outcome {
  const { before, after } = grounds.worlds;
  const now = dependencyInputs(after.world, one.name);
  const built = inBuild(row, () => dependencyInputs(before.world, one.name));
  return decide(row, fieldsOf(one), changeReason(one), {
    replacement: dependencyReplacement(built, now, data),
    inputs: inputDifference(built, now, { before: {}, after: {} }),
    drift: undefined,
  });
}

/** Of what nobody builds the row is all there is. */
function recorded(written: readonly FieldChange[], reason: string): Outcome {
  if (written.length === 0 && reason === "") return { effect: "none", underway: false };
  return acting("change", "record", reason === "" ? changedReason(written) : reason, written);
}

interface Findings {
  readonly replacement: readonly FieldChange[];
  readonly inputs: Difference;
  readonly drift: Drift | undefined;
  /** What becomes of what it stands on. */
  readonly below?: Outcome;
}

const NO_DIFFERENCE: Difference = { reasons: [], fields: [] };

function decide(
  row: Managed & Buildable,
  written: readonly FieldChange[],
  rowReason: string,
  found: Findings,
): Outcome {
  const { replacement, inputs, drift, below } = found;
  const exists = row.state !== "planned" || row.jobId !== null;
  const fields = joinFields(written, replacement, inputs.fields);
  const replaced = replacement.length > 0 || (below?.effect === "rebuild" && row.build !== null);
  const replacedReason = replacement.length > 0 ? changedReason(replacement) : "its foundation is replaced";

  if (row.state === "failed" && row.jobId === null) {
    const effect = row.build !== null && (replaced || row.failure?.role === "destroy") ? "rebuild" : "retry";
    const changed =
      fields.length === 0 ? "" : `; ${rowReason === "" ? inputs.reasons.join(", ") || replacedReason : rowReason}`;
    return acting("retry", effect, `failed before: ${firstLine(row.failure?.message ?? "unknown")}${changed}`, fields);
  }
  if (exists && below?.effect === "recreate") return acting("repair", "recreate", "its foundation is gone", fields);
  if (drift?.effect === "recreate") return acting("repair", "recreate", drift.reason, fields);
  if (exists && (replaced || below?.effect === "rebuild")) {
    return row.rebuild && fields.length === 0 ? quiet(row) : acting("replace", "rebuild", replacedReason, fields);
  }
  if (drift !== undefined) return acting("repair", drift.effect, drift.reason, fields);
  if (below?.action?.kind === "repair" && row.state === "built")
    return acting("repair", "update", "its foundation is repaired", fields);
  const reasons = shortList(inputs.reasons);
  if (exists && reasons !== "") return acting("change", "update", reasons, fields);
  if (fields.length > 0 || rowReason !== "") return acting("change", "record", rowReason, fields);
  return quiet(row);
}

function acting(kind: ActionKind, effect: Effect, reason: string, fields: readonly FieldChange[]): Outcome {
  return { effect, action: { kind, reason, fields }, underway: false };
}

function quiet(row: Managed & Buildable): Outcome {
  return { effect: "none", underway: !settled(row) };
}

/** As it should be, with no job and nothing to be done. */
function settled(row: Managed & Buildable): boolean {
  return row.state === "built" && row.wanted === "built" && row.jobId === null && !row.stale && !row.rebuild;
}

/** What something was built with. While it is being built, that is what the inventory said so far. */
function inBuild<Record extends BuildRecord>(row: Managed & Buildable<Record>, asPlanned: () => Record): Record {
  const counts = row.build !== null && (settled(row) || row.state === "failed");
  return counts && row.build !== null ? row.build : asPlanned();
}

function fieldsOf(one: Pick<Compared<unknown, unknown>, "comparison">): readonly FieldChange[] {
  return [...one.comparison.changes, ...one.comparison.adopted];
}

function changedReason(fields: readonly FieldChange[]): string {
  return `${listText(fields.map(({ path }) => path))} changed`;
}

/** Each path once; the earlier lists know better. */
function joinFields(...lists: readonly (readonly FieldChange[])[]): readonly FieldChange[] {
  const joined = new Map<string, FieldChange>();
  for (const field of lists.flat()) if (!joined.has(field.path)) joined.set(field.path, field);
  return [...joined.values()];
}

function shortList(reasons: readonly string[]): string {
  return reasons.length <= 3 ? reasons.join(", ") : `${reasons.slice(0, 2).join(", ")} and ${reasons.length - 2} more`;
}

function observationOf(grounds: Grounds, foundation: string | null): Observation | undefined {
  const row = foundationOf(grounds.worlds.before.world, { foundation });
  return row?.id === undefined ? undefined : grounds.observations.get(row.id);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
