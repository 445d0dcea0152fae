import { sameJson } from "./bounds.ts";
import type { Draft, Touched } from "./edit-draft.ts";
import type { AnyRow, EditPlan, EditResult, Removal } from "./edit-model.ts";
import { OWNED_RULES, ruleOf, type Kind, type OwnedKind } from "./kinds.ts";
import { NO_INVENTORY_ROWS, type InventoryWrites } from "./model.ts";

export const NOTHING_TO_WRITE: Omit<EditPlan, "problems"> = {
  writes: { insert: NO_INVENTORY_ROWS, update: NO_INVENTORY_ROWS },
  tenant: null,
  removals: [],
  results: [],
  row: () => undefined,
};

/** What a draft without problems has to be written for. `order`: what each edit was about. */
export function collectWrites(
  draft: Draft,
  order: readonly { readonly kind: Kind; readonly name: string }[],
): EditPlan {
  const insert: Record<string, AnyRow[]> = {};
  const update: Record<string, AnyRow[]> = {};
  const removals: Removal[] = [];
  const told = new Map<string, EditResult>();
  for (const { kind, rows } of OWNED_RULES) {
    const inserted: AnyRow[] = [];
    const updated: AnyRow[] = [];
    for (const [name, touched] of draft.touched(kind)) {
      const { before, after } = touched;
      if (before === undefined && after !== undefined) inserted.push(after);
      else if (after !== undefined && before !== undefined) updated.push(after);
      else if (before !== undefined) removals.push({ kind, id: before.id, name, version: before.version });
      const result = resultOf(kind, touched);
      if (result !== undefined) told.set(`${kind} ${name}`, result);
    }
    insert[rows] = inserted;
    update[rows] = updated;
  }
  const { tenant, snapshot } = draft;
  const tenantResult = resultOf("tenant", { before: snapshot.tenant, after: tenant, last: tenant, index: 0 });
  const named = new Set(order.map(({ kind, name }) => `${kind} ${name}`));
  const results = order.map(({ kind, name }) => {
    if (kind === "tenant") return tenantResult as EditResult;
    return told.get(`${kind} ${name}`) ?? unchanged(draft, kind, name);
  });
  return {
    writes: { insert, update } as unknown as InventoryWrites,
    tenant: tenant === snapshot.tenant ? null : tenant,
    removals: removals.reverse(),
    results: [...results, ...[...told.entries()].filter(([key]) => !named.has(key)).map(([, result]) => result)],
    problems: [],
    row: (kind, name) => (kind === "tenant" ? tenant : draft.get(kind, name)),
  };
}

function unchanged(draft: Draft, kind: OwnedKind, name: string): EditResult {
  const row = draft.get(kind, name) as AnyRow;
  return { kind, name, id: row.id, version: row.version, action: "unchanged", fields: [] };
}

function resultOf(kind: Kind, { before, after, last }: Touched): EditResult | undefined {
  const row = after ?? before ?? last;
  if (row === undefined) return undefined;
  const shown = { kind, name: row.name, id: row.id };
  if (after === undefined) return { ...shown, version: row.version, action: "removed", fields: [] };
  if (before === undefined) return { ...shown, version: row.version, action: "created", fields: [] };
  if (after === before) return { ...shown, version: row.version, action: "unchanged", fields: [] };
  const version = before.version + 1;
  if (after.wanted === "absent" && before.wanted === "built")
    return { ...shown, version, action: "leaving", fields: [] };
  return { ...shown, version, action: "changed", fields: changedMembers(kind, before, after) };
}

function changedMembers(kind: Kind, before: AnyRow, after: AnyRow): readonly string[] {
  const [was, is] = [before, after] as unknown as readonly [Record<string, unknown>, Record<string, unknown>];
  return Object.keys(ruleOf(kind).schema.shape).filter((member) => !sameJson(was[member], is[member]));
}
