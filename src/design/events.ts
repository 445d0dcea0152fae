import type { Principal } from "../access/index.ts";
import { isMade, type InventoryWrites } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { EventDraft } from "../platform/events/index.ts";
import type { Action, ActionKind, Plan, TargetKind } from "./model.ts";
import type { DesignRecord } from "./store.ts";

/** The member of written rows that holds each kind. */
const ROWS = {
  field_schema: "fieldSchemas",
  zone: "zones",
  site: "sites",
  network: "networks",
  link: "links",
  address_block: "addressBlocks",
  group: "groups",
  blueprint: "blueprints",
  complex: "complexes",
  foundation: "foundations",
  structure: "structures",
  dependency: "dependencies",
  interface: "interfaces",
} as const satisfies Record<Exclude<TargetKind, "tenant">, keyof InventoryWrites["insert"]>;

const TYPES: Readonly<Partial<Record<ActionKind, string>>> = {
  create: "inventory.created",
  destroy: "inventory.removed",
};

/**
 * What was decided, for everybody who follows: the design as a whole, what the foreman is to do with each foundation and structure, and
 * what became of each row of other kinds.
 */
export function eventsOf(
  principal: Principal,
  record: DesignRecord,
  plan: Plan,
  writes: InventoryWrites,
): readonly EventDraft[] {
  const { tenantId } = principal;
  const known = idsOf(writes, tenantId);
  const counts: Record<string, Json> = {};
  const events: EventDraft[] = [];
  for (const action of plan.actions) {
    counts[action.kind] = Number(counts[action.kind] ?? 0) + 1;
    const found = known(action);
    if (found === undefined || action.kind === "conflict") continue;
    const { target, name, kind, reason, fields } = action;
    const subject = { kind: target, id: found.id };
    if (found.made) {
      const data = { name, action: kind, reason, design: plan.design };
      events.push({ tenantId, type: `${target}.planned`, subject, data });
    } else {
      const paths = fields.map(({ path }) => path.split(".")[0] ?? path);
      const data = { name, kind: target, by: principal.name, design: plan.design, fields: [...new Set(paths)] };
      events.push({ tenantId, type: TYPES[kind] ?? "inventory.changed", subject, data });
    }
  }
  const type = record.wanted === "absent" ? "design.destroyed" : "design.applied";
  const data = { name: record.name, version: record.version, by: principal.name, actions: counts };
  return [{ tenantId, type, subject: { kind: "design", id: record.id }, data }, ...events];
}

type Known = (action: Action) => { readonly id: Id; readonly made: boolean } | undefined;

function idsOf({ insert, update }: InventoryWrites, tenantId: Id): Known {
  const ids = new Map<string, { readonly id: Id; readonly made: boolean }>();
  for (const [target, member] of Object.entries(ROWS)) {
    for (const row of [...insert[member], ...update[member]]) {
      const made =
        target === "foundation" || target === "dependency" || (target === "structure" && isMade(row as never));
      ids.set(`${target} ${row.name}`, { id: row.id, made });
    }
  }
  return ({ target, name }) => (target === "tenant" ? { id: tenantId, made: false } : ids.get(`${target} ${name}`));
}
