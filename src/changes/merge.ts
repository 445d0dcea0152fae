import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { createHash } from "node:crypto";
import { keyOf, type Change, type Conflict, type Content, type MemberChange } from "./model.ts";

/** Three states of a thing: as it was read, as it should be, as it is now. Pure. */

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return canonicalJson(a) === canonicalJson(b);
}

/** The members that differ, deepest first named; lists are compared as a whole. */
export function memberChanges(before: JsonObject | null, after: JsonObject | null): readonly MemberChange[] {
  if (before === null || after === null)
    return before === after ? [] : [{ path: "", before: before ?? undefined, after: after ?? undefined }];
  const found: MemberChange[] = [];
  collect(before, after, [], found);
  return found;
}

function collect(before: JsonObject, after: JsonObject, path: readonly string[], found: MemberChange[]): void {
  for (const member of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const was = before[member];
    const is = after[member];
    if (same(was, is)) continue;
    const here = [...path, member];
    if (isJsonObject(was) && isJsonObject(is)) collect(was, is, here, found);
    else found.push({ path: pathText(here), before: was, after: is });
  }
}

function pathText(path: readonly string[]): string {
  return path
    .map((member, index) => {
      if (!/^[\w-]+$/.test(member)) return `[${JSON.stringify(member)}]`;
      return index === 0 ? member : `.${member}`;
    })
    .join("");
}

/** A change brought to what is there now, or what stands in its way. */
export interface Rebased {
  readonly change: Change;
  readonly conflicts: readonly Conflict[];
  /** Whether the truth has moved since the change was made. */
  readonly moved: boolean;
}

/**
 * Brings a change to the truth as it is now: what only one side changed is taken from that side; what both changed to the same is no
 * conflict. A change that is there already changes nothing any more.
 */
export function rebase(change: Change, now: JsonObject | null): Rebased {
  const { kind, name, before, after } = change;
  if (same(before, now)) return { change, conflicts: [], moved: false };
  if (same(after, now)) return { change: { ...change, before: now }, conflicts: [], moved: true };
  if (before === null || after === null || now === null) {
    // Both made it, or one side changed what the other took away.
    const conflict = {
      kind,
      name,
      path: "",
      before: before ?? undefined,
      proposed: after ?? undefined,
      now: now ?? undefined,
    };
    return { change, conflicts: [conflict], moved: true };
  }
  const conflicts: Conflict[] = [];
  const merged = mergeObjects(before, after, now, [], { kind, name }, conflicts);
  return { change: { ...change, before: now, after: merged }, conflicts, moved: true };
}

function mergeObjects(
  before: JsonObject,
  proposed: JsonObject,
  now: JsonObject,
  path: readonly string[],
  at: Pick<Conflict, "kind" | "name">,
  conflicts: Conflict[],
): JsonObject {
  const merged: Record<string, Json> = Object.create(null) as Record<string, Json>;
  const members = new Set([...Object.keys(now), ...Object.keys(proposed), ...Object.keys(before)]);
  for (const member of members) {
    const value = mergeMember(before[member], proposed[member], now[member], [...path, member], at, conflicts);
    if (value !== undefined) merged[member] = value;
  }
  return { ...merged };
}

function mergeMember(
  before: Json | undefined,
  proposed: Json | undefined,
  now: Json | undefined,
  path: readonly string[],
  at: Pick<Conflict, "kind" | "name">,
  conflicts: Conflict[],
): Json | undefined {
  if (same(proposed, now) || same(before, proposed)) return now;
  if (same(before, now)) return proposed;
  if (isJsonObject(before) && isJsonObject(proposed) && isJsonObject(now))
    return mergeObjects(before, proposed, now, path, at, conflicts);
  conflicts.push({ ...at, path: pathText(path), before, proposed, now });
  return proposed;
}

/** The hash of what would be changed, and of nothing else: a change set that was only brought up to date keeps it. */
export function digestOf(content: Content): string {
  const said: Json =
    content.kind === "design"
      ? { design: content.name, documents: content.documents as unknown as Json, fingerprint: content.fingerprint }
      : content.changes.map((change) => ({
          key: keyOf(change),
          members: memberChanges(change.before, change.after).map(({ path, before, after }) => [
            path,
            before ?? null,
            after ?? null,
            before === undefined,
            after === undefined,
          ]),
        }));
  return createHash("sha256").update(canonicalJson(said)).digest("hex");
}

/** Changes that take others back. */
export function reversed(changes: readonly Change[]): readonly Change[] {
  return changes.map(({ kind, name, before, after }) => ({ kind, name, before: after, after: before }));
}
