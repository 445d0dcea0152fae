import { errorKinds, GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { VERSION_MISMATCH } from "../platform/requests/index.ts";
import { sameJson, valueProblem } from "./bounds.ts";
import { checkEdits } from "./edit-checks.ts";
import { createDraft, type Draft } from "./edit-draft.ts";
import {
  problemList,
  type AnyRow,
  type Edit,
  type EditContext,
  type EditPlan,
  type ProblemList,
} from "./edit-model.ts";
import { planRemovals } from "./edit-removal.ts";
import { shaped } from "./edit-shape.ts";
import { meant } from "./edit-touched.ts";
import { markStale } from "./edit-stale.ts";
import { collectWrites, NOTHING_TO_WRITE } from "./edit-writes.ts";
import { MEMBER_INVALID, MEMBER_READ_ONLY, NAME_TAKEN, NOT_FOUND, VALUE_TOO_LARGE } from "./errors.ts";
import { KIND_NAMES, keptOfNew, ownedRule, ruleOf, titleOf, type Kind, type OwnedKind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { applyOperations, mergePatch } from "./patch.ts";
import { indexesOf } from "./indexes.ts";

/**
 * What has to be written so that the edits are made: all of them, or none when there is a problem. Later edits see what earlier ones did;
 * references are looked up when all are done, so that things may be created in any order. Pure, and linear in what is touched.
 */
export function planEdits(snapshot: Snapshot, edits: readonly Edit[], context: EditContext): EditPlan {
  const draft = createDraft(snapshot);
  const problems = problemList();
  const deletions: { kind: OwnedKind; name: string; index: number }[] = [];
  const order: { kind: Kind; name: string }[] = [];
  for (const [index, given] of edits.entries()) {
    if (problems.full) break;
    const edit = byName(snapshot, given);
    let name = nameOf(edit);
    if (!KIND_NAMES.includes(edit.kind)) {
      const near = nearest(String(edit.kind), KIND_NAMES);
      const hint = near === undefined ? `: kinds are ${KIND_NAMES.join(", ")}` : `; did you mean '${near}'?`;
      problems.add(MEMBER_INVALID, { index, kind: edit.kind, name }, `there is no kind '${String(edit.kind)}'${hint}`);
    } else if (edit.kind === "tenant") editTenant(draft, edit, index, context, problems);
    else if (edit.action === "create")
      name = create(draft, { ...edit, kind: edit.kind }, index, context, problems) ?? name;
    else if (edit.action === "delete") {
      if (found(draft, edit, index, problems) !== undefined) deletions.push({ kind: edit.kind, name, index });
    } else change(draft, { ...edit, kind: edit.kind }, index, context, problems);
    order.push({ kind: edit.kind, name });
  }
  if (problems.all.length === 0) planRemovals(draft, deletions, context, problems);
  if (problems.all.length === 0) checkEdits(draft, context, problems);
  if (problems.all.length > 0) return { ...NOTHING_TO_WRITE, problems: problems.all };
  markStale(draft);
  return collectWrites(draft, order);
}

/** An edit may name a thing by its id. */
function byName(snapshot: Snapshot, edit: Edit): Edit {
  if (edit.action === "create" || edit.kind === "tenant" || edit.name.length !== ID_LENGTH) return edit;
  if (!KIND_NAMES.includes(edit.kind)) return edit;
  const { rows } = ownedRule(edit.kind);
  const name = snapshot[rows].has(edit.name) ? undefined : indexesOf(snapshot).byId(rows, edit.name);
  return name === undefined ? edit : { ...edit, name };
}

/** Characters of an id: a UUID. */
const ID_LENGTH = 36;

function nameOf(edit: Edit): string {
  if (edit.action !== "create") return edit.name;
  const name = edit.data["name"];
  return typeof name === "string" ? name.slice(0, 300) : "";
}

function create(
  draft: Draft,
  { kind, data, applied = {} }: Extract<Edit, { action: "create" }> & { readonly kind: OwnedKind },
  index: number,
  context: EditContext,
  problems: ProblemList,
): string | undefined {
  const complete = formed(kind, data, index, problems);
  if (complete === undefined) return undefined;
  const name = complete["name"] as string;
  const before = draft.get(kind, name);
  if (before !== undefined) {
    const state = before.wanted === "absent" ? ", and is being removed" : "";
    problems.add(NAME_TAKEN, { index, kind, name }, `there is a ${titleOf(kind)} '${name}' already${state}`);
    return undefined;
  }
  const { now, random, managedBy } = context;
  const managed = {
    id: random.id(),
    managedBy,
    applied,
    wanted: "built",
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  draft.put(kind, { ...complete, ...managed, ...keptOfNew(kind) } as unknown as AnyRow, index);
  return name;
}

type Change = Exclude<Edit, { action: "create" | "delete" }>;

function change(
  draft: Draft,
  edit: Change & { readonly kind: OwnedKind },
  index: number,
  context: EditContext,
  problems: ProblemList,
): void {
  const row = found(draft, edit, index, problems);
  if (row === undefined) return;
  const after = changed(row, edit, index, context, problems);
  if (after === undefined || after === row) return;
  draft.put(edit.kind, after, index);
}

/** The row with the change; the row itself when nothing changes; undefined when something is wrong. */
function changed(
  row: AnyRow,
  edit: Change,
  index: number,
  context: EditContext,
  problems: ProblemList,
): AnyRow | undefined {
  const at = { index, kind: edit.kind, name: row.name };
  const before = dataOf(edit.kind, row);
  const wanted = wantedData(before, edit, at, problems);
  if (wanted === undefined) return undefined;
  const own = withoutBookkeeping(edit.kind, row, wanted);
  if (typeof own === "string") {
    problems.add(MEMBER_READ_ONLY, at, sentence(edit.kind, row.name, `'${own}' is kept by Gantry and cannot be set`));
    return undefined;
  }
  const given = formed(
    edit.kind,
    edit.action === "merge" || edit.action === "operations" ? own : named(own, row.name),
    index,
    problems,
    row.name,
  );
  if (given === undefined) return undefined;
  const complete = typed(edit.kind, before, given);
  if (complete["name"] !== row.name && edit.kind !== "tenant") {
    const message = "cannot be given another name: create it anew under the other name, then delete this one";
    problems.add(MEMBER_READ_ONLY, at, sentence(edit.kind, row.name, message));
    return undefined;
  }
  const applied = edit.action === "replace" ? (edit.applied ?? row.applied) : row.applied;
  const fixed = isThere(row) ? FIXED[edit.kind]?.find((member) => before[member] !== complete[member]) : undefined;
  if (fixed !== undefined) {
    const message = `is built, so its ${fixed} cannot be changed: delete it, and create it anew when it is gone`;
    problems.add(MEMBER_READ_ONLY, at, sentence(edit.kind, row.name, message));
    return undefined;
  }
  if (sameJson(before, complete) && sameJson(applied, row.applied)) return row;
  return { ...row, ...(complete as object), applied, updatedAt: context.now } as AnyRow;
}

/** What a thing stands by once it is built. */
const FIXED: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  structure: ["foundation"],
  foundation: ["complex", "type"],
  dependency: ["foundation"],
};

/** A foundation of a complex has the complex's type: as long as it stays with it, that of before. */
function typed(kind: Kind, before: JsonObject, data: JsonObject): JsonObject {
  if (kind !== "foundation" || data["type"] !== undefined) return data;
  return data["complex"] !== null && data["complex"] === before["complex"]
    ? { ...data, type: before["type"] as Json }
    : data;
}

function isThere(row: AnyRow): boolean {
  return (row as unknown as { readonly state?: string }).state !== "planned";
}

function named(data: JsonObject, name: string): JsonObject {
  return data["name"] === undefined ? { ...data, name } : data;
}

function wantedData(
  before: JsonObject,
  edit: Change,
  at: { readonly index: number; readonly kind: Kind; readonly name: string },
  problems: ProblemList,
): JsonObject | undefined {
  const given: unknown = edit.action === "replace" ? edit.data : edit.action === "merge" ? edit.patch : edit.operations;
  // Twice the depth: an operation wraps its value.
  const wrong = valueProblem(given, 16 * 1024 * 1024, 70);
  if (wrong !== undefined) {
    problems.add(VALUE_TOO_LARGE, at, sentence(at.kind, at.name, wrong));
    return undefined;
  }
  if (edit.action === "replace") return edit.data;
  if (edit.action === "merge") return mergePatch(before, edit.patch) as JsonObject;
  try {
    return applyOperations(before, edit.operations) as JsonObject;
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    problems.add(error.kind, at, sentence(at.kind, at.name, error.message));
    return undefined;
  }
}

function editTenant(draft: Draft, edit: Edit, index: number, context: EditContext, problems: ProblemList): void {
  const at = { index, kind: "tenant", name: nameOf(edit) } as const;
  if (edit.action === "create" || edit.action === "delete") {
    problems.add(MEMBER_INVALID, at, `a tenant is ${edit.action}d under /v1/tenants, and not by an edit within one`);
    return;
  }
  const { tenant } = draft;
  if (edit.name !== tenant.name && edit.name !== tenant.id) {
    problems.add(
      NOT_FOUND,
      at,
      `tenant '${edit.name}' is not the one whose inventory is edited, which is '${tenant.name}'`,
    );
    return;
  }
  if (!ofVersion(tenant, edit.version, at, problems)) return;
  const after = changed(tenant, edit, index, context, problems);
  if (after !== undefined && after !== tenant)
    draft.setTenant({ ...after, version: draft.snapshot.tenant.version + 1 } as typeof tenant);
}

function found(
  draft: Draft,
  edit: Exclude<Edit, { action: "create" }>,
  index: number,
  problems: ProblemList,
): AnyRow | undefined {
  const kind = edit.kind as OwnedKind;
  const at = { index, kind, name: edit.name };
  const row = draft.get(kind, edit.name);
  if (row === undefined) {
    const hint = meant(edit.name, draft.names(kind));
    problems.add(NOT_FOUND, at, `there is no ${titleOf(kind)} '${edit.name.slice(0, 80)}'${hint}`);
    return undefined;
  }
  return ofVersion(row, edit.version, at, problems) ? row : undefined;
}

function ofVersion(
  row: AnyRow,
  version: number | null,
  at: { readonly index: number; readonly kind: Kind; readonly name: string },
  problems: ProblemList,
): boolean {
  if (version === null || version === row.version) return true;
  problems.add(VERSION_MISMATCH, at, sentence(at.kind, at.name, `is at version ${row.version}, not ${version}`), {
    version: row.version,
  });
  return false;
}

function formed(
  kind: Kind,
  data: unknown,
  index: number,
  problems: ProblemList,
  name = typeof data === "object" && data !== null ? String((data as JsonObject)["name"] ?? "") : "",
): JsonObject | undefined {
  const result = shaped(kind, data);
  if ("data" in result) return result.data;
  for (const { error, message } of result.problems)
    problems.add(error, { index, kind, name: name.slice(0, 300) }, sentence(kind, name, message));
  return undefined;
}

/** `structure 'web1': …`, or `structure 'web1' is …`; of what has no name yet `structure: …`. */
function sentence(kind: Kind, name: string, what: string): string {
  if (name === "") return `${titleOf(kind)}: ${what}`;
  const verb = /^(is|cannot|must|refers) /.test(what) ? " " : ": ";
  return `${titleOf(kind)} '${name.slice(0, 80)}'${verb}${what}`;
}

/** What may be written of a row. */
export function dataOf(kind: Kind, row: AnyRow): JsonObject {
  const members = row as unknown as JsonObject;
  const data: Record<string, Json> = {};
  for (const member of Object.keys(ruleOf(kind).schema.shape)) data[member] = members[member] as Json;
  return data;
}

/** A row that was read and is sent back whole may hold what Gantry keeps itself, as it was read. Else the name of such a member. */
function withoutBookkeeping(kind: Kind, row: AnyRow, data: JsonObject): JsonObject | string {
  const { shape } = ruleOf(kind).schema;
  const kept = row as unknown as JsonObject;
  const own: Record<string, Json> = {};
  if (typeof data !== "object" || data === null || Array.isArray(data)) return data;
  for (const [member, value] of Object.entries(data)) {
    if (Object.hasOwn(shape, member) || !Object.hasOwn(kept, member)) own[member] = value;
    else if (member !== "version" && member !== "updatedAt" && !sameJson(value, kept[member])) return member;
  }
  return own;
}

/** Every kind of error by code, to tell a refusal by the problems in it. */
export function errorsByCode(): ReadonlyMap<string, ReturnType<typeof errorKinds>[number]> {
  return new Map(errorKinds().map((kind) => [kind.code, kind]));
}
