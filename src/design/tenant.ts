import type { Tenant } from "../inventory/index.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { changedText } from "./decision.ts";
import { compareFields, nextApplied } from "./fields.ts";
import { TENANT } from "./kinds.ts";
import type { Action, Design, DesignTenant } from "./model.ts";

/** What a plan makes of the tenant's own row. */
export interface TenantPlan {
  readonly data: DesignTenant;
  /** Of every design, by its owner: what it last wrote. */
  readonly applied: JsonObject;
  readonly writes: boolean;
  readonly actions: readonly Action[];
  readonly unchanged: number;
}

const NOTHING = { description: "", variables: {}, labels: {}, assets: [], fields: {} };

/**
 * The tenant's row belongs to nobody: each design says some of it, and remembers for itself what it wrote. What it no longer says goes,
 * unless somebody else changed it since.
 */
export function planTenant(owner: string, said: Design["tenant"], row: Tenant): TenantPlan {
  const before = row.applied[owner];
  const own: JsonObject = isJsonObject(before) ? before : {};
  const wanted: DesignTenant = { name: row.name, ...(said ?? NOTHING) };
  const fields = TENANT.fields(wanted);
  const comparison = compareFields(fields, own, TENANT.fields(row), TENANT.isOpen);
  const { changes, conflicts, adopted, others } = comparison;
  const kept = new Set([...conflicts.map(({ path }) => path), ...others]);
  const next = nextApplied(fields, own, conflicts);
  const { [owner]: _before, ...rest } = row.applied;
  const base = { target: "tenant", name: row.name } as const;
  const written = [...changes, ...adopted];
  const actions: Action[] = [];
  if (conflicts.length > 0)
    actions.push({
      ...base,
      kind: "conflict",
      reason: "changed by somebody else; it stays as it is",
      fields: conflicts,
    });
  if (written.length > 0) {
    const reason = changes.length > 0 ? changedText(changes) : "the design now says what somebody else wrote";
    actions.push({ ...base, kind: "change", reason, fields: written });
  }
  return {
    data: TENANT.merge(wanted, row, kept),
    applied: Object.keys(next).length === 0 ? rest : { ...rest, [owner]: next },
    writes: written.length > 0,
    actions,
    unchanged: said !== null && actions.length === 0 ? 1 : 0,
  };
}
