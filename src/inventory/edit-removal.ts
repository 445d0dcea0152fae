import { invariant } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Draft } from "./edit-draft.ts";
import type { AnyRow, EditContext, ProblemList } from "./edit-model.ts";
import { REMOVAL_NEEDS_CASCADE } from "./errors.ts";
import { OWNED_RULES, ownedRule, titleOf, type OwnedKind } from "./kinds.ts";
import type { Buildable, Interface } from "./model.ts";
import type { Reference } from "./references.ts";

/** Somebody who refers to a thing. */
interface Referrer {
  readonly kind: OwnedKind;
  readonly row: AnyRow;
  readonly reference: Reference;
}

interface Going {
  readonly kind: OwnedKind;
  readonly row: AnyRow;
  /** The edit that makes it go. */
  readonly index: number;
}

/** What stays as a row until what stands on it, or was made by it, is taken down. The store then removes it. */
const WAITS: readonly OwnedKind[] = ["site", "address_block", "blueprint", "complex"];

/** So many things of each are named; the rest is counted. */
const MOST_NAMED = 100;

/**
 * Takes out what is to be deleted, what lies below it or hangs on it, and references to it. What goes or changes beside what was named
 * is asked for first: without `cascade` it is a problem that lists it.
 */
export function planRemovals(
  draft: Draft,
  deletions: readonly { readonly kind: OwnedKind; readonly name: string; readonly index: number }[],
  context: EditContext,
  problems: ProblemList,
): void {
  if (deletions.length === 0) return;
  const going = new Map<string, Going>();
  const open: Going[] = [];
  function goes(kind: OwnedKind, row: AnyRow, index: number): boolean {
    const key = keyOf(kind, row.name);
    if (going.has(key)) return false;
    const one = { kind, row, index };
    going.set(key, one);
    open.push(one);
    return true;
  }
  for (const { kind, name, index } of deletions) goes(kind, draft.get(kind, name) as AnyRow, index);

  const referrers = createReferrers(draft);
  const along: Going[] = [];
  const clearing: (Going & { readonly reference: Reference })[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { kind, row, reference } of referrers(next.kind, next.row.name)) {
      if (reference.onRemoval === "clear") clearing.push({ kind, row, reference, index: next.index });
      else if (goes(kind, row, next.index) && row.wanted === "built") along.push({ kind, row, index: next.index });
    }
  }
  const cleared = clearing.filter(({ kind, row }) => !going.has(keyOf(kind, row.name)));
  if (!context.cascade && along.length + cleared.length > 0) {
    ask(deletions, along, cleared, context.knows ?? (() => true), problems);
    return;
  }
  for (const { kind, row, reference, index } of cleared) {
    const present = draft.get(kind, row.name) as AnyRow;
    const without = reference.without(present as unknown as JsonObject, (name) => going.has(keyOf(reference.to, name)));
    draft.put(kind, { ...(without as unknown as AnyRow), updatedAt: context.now }, index);
  }
  for (const one of going.values()) takeOut(draft, one, isOfLeaving(one, going), context);
}

/** By its interfaces a machine may be reached, and started from the network, until it is taken down. */
function isOfLeaving({ kind, row }: Going, going: ReadonlyMap<string, Going>): boolean {
  if (kind !== "interface") return false;
  const { structure, foundation } = row as AnyRow & Interface;
  const owner = structure === null ? keyOf("foundation", foundation ?? "") : keyOf("structure", structure);
  const leaving = going.get(owner);
  return leaving !== undefined && isThere(leaving.row as AnyRow & Buildable);
}

function takeOut(draft: Draft, { kind, row, index }: Going, waitsForOwner: boolean, context: EditContext): void {
  const touched = draft.touched(kind).get(row.name);
  // What other edits of the request did to it counts for nothing: it goes as it is stored, and what they made goes without a trace.
  const stored = touched === undefined ? row : touched.before;
  const stays = WAITS.includes(kind) || waitsForOwner || (ownedRule(kind).built && isThere(row as AnyRow & Buildable));
  if (stored === undefined || !stays) draft.remove(kind, row.name, index);
  else if (stored.wanted === "built") draft.put(kind, { ...stored, wanted: "absent", updatedAt: context.now }, index);
}

/** Something was made of it, or a job is at work on it. */
function isThere(row: Buildable): boolean {
  return row.state !== "planned" || row.jobId !== null || row.build !== null;
}

/** Who refers to a thing by its name. The references to one kind are gathered once, however many things go. */
function createReferrers(draft: Draft): (to: OwnedKind, name: string) => readonly Referrer[] {
  const known = new Map<OwnedKind, ReadonlyMap<string, readonly Referrer[]>>();
  function gather(to: OwnedKind): ReadonlyMap<string, readonly Referrer[]> {
    const found = new Map<string, Referrer[]>();
    for (const { kind, references } of OWNED_RULES) {
      const towards = references.filter((reference) => reference.to === to && reference.onRemoval !== "keep");
      if (towards.length === 0) continue;
      for (const row of draft.rows(kind)) {
        for (const reference of towards) {
          for (const name of reference.names(row as unknown as JsonObject)) {
            const list = found.get(name);
            if (list === undefined) found.set(name, [{ kind, row, reference }]);
            else list.push({ kind, row, reference });
          }
        }
      }
    }
    return found;
  }
  return (to, name) => {
    const references = known.get(to) ?? gather(to);
    known.set(to, references);
    return references.get(name) ?? [];
  };
}

function ask(
  deletions: readonly { readonly kind: OwnedKind; readonly name: string; readonly index: number }[],
  along: readonly Going[],
  cleared: readonly Going[],
  knows: NonNullable<EditContext["knows"]>,
  problems: ProblemList,
): void {
  const changed = [...new Map(cleared.map((one) => [keyOf(one.kind, one.row.name), one])).values()];
  const [first] = deletions;
  invariant(first !== undefined, "somebody is asked for what is deleted");
  const [them, more] = deletions.length === 1 ? ["it", ""] : ["them", ` and ${deletions.length - 1} more`];
  const parts = [
    along.length === 0 ? undefined : `${countText(along)} would go with ${them}`,
    changed.length === 0 ? undefined : `${countText(changed)} would no longer refer to ${them}`,
  ].filter((part) => part !== undefined);
  const list = (some: readonly Going[]): object => ({
    counts: counts(some),
    things: some
      .filter(({ kind, row }) => knows(kind, row))
      .slice(0, MOST_NAMED)
      .map(({ kind, row }) => ({ kind, name: row.name })),
  });
  problems.add(REMOVAL_NEEDS_CASCADE, first, `${titleOf(first.kind)} '${first.name}'${more}: ${parts.join("; ")}`, {
    removed: list(along),
    changed: list(changed),
  });
}

function counts(some: readonly Going[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { kind } of some) found[kind] = (found[kind] ?? 0) + 1;
  return found;
}

/** `2 sites and 14 structures`. */
function countText(some: readonly Going[]): string {
  const texts = Object.entries(counts(some)).map(([kind, count]) => {
    const { title, plural } = ownedRule(kind as OwnedKind);
    return `${count} ${count === 1 ? title : plural.replaceAll("-", " ")}`;
  });
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} and ${last}`;
}

function keyOf(kind: OwnedKind, name: string): string {
  return `${kind} ${name}`;
}
