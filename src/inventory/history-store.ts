import { entriesAbout, type AuditEntry, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { NOT_FOUND } from "./errors.ts";
import { changesBetween, heldBy, type Change } from "./history.ts";
import { indexesOf } from "./indexes.ts";
import { KIND_NAMES, ownedRule, titleOf, type Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import type { InventoryStore } from "./store.ts";

/** One thing that was done to something. */
export interface HistoryEntry extends Pick<AuditEntry, "seq" | "time" | "actor" | "action" | "subject"> {
  /** What it changed; of what was created or removed what it held. Of other things than those of the inventory: what was said of it. */
  readonly changes: readonly Change[];
}

export interface History {
  /**
   * What was done to a thing, the newest first, by its id or name. Also of what is gone: by its id, or by the name it had last.
   *
   * Errors: `not_found` when nothing is known of it.
   */
  of(
    principal: Principal,
    kind: string,
    idOrName: string,
    since?: number,
  ): Promise<{
    readonly kind: string;
    readonly id: string | null;
    readonly name: string;
    readonly items: readonly HistoryEntry[];
    /** Whether there are older ones that are not shown. */
    readonly more: boolean;
  }>;
}

/** Entries of one thing that are shown at most. */
const MOST_SHOWN = 1000;

export function createHistory(parts: {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly most?: number;
}): History {
  const { database, inventory, most = MOST_SHOWN } = parts;
  return {
    async of({ tenantId }, kind, idOrName, since = 0) {
      const snapshot = await inventory.snapshot(tenantId);
      const present = isKind(kind) ? rowOf(snapshot, kind, idOrName) : undefined;
      const id = typeof present?.["id"] === "string" ? present["id"] : undefined;
      const found = await entriesAbout(database.kysely, tenantId, kind, { id, idOrName }, most + 1);
      const entries = found.slice(0, most);
      const [last] = entries;
      if (last === undefined && present === undefined) throw unknown(kind, idOrName);
      const items = isKind(kind) ? toldOf(entries, present) : entries.map(plainly);
      const { name, id: lastId } = last?.subject ?? { name: String(present?.["name"]), id: id ?? null };
      const shown = items.filter(({ time }) => time >= since);
      return { kind, id: lastId, name, items: shown, more: found.length > most && shown.length === entries.length };
    },
  };
}

export function isKind(kind: string): kind is Kind {
  return (KIND_NAMES as readonly string[]).includes(kind);
}

function rowOf(snapshot: Snapshot, kind: Kind, idOrName: string): JsonObject | undefined {
  if (kind === "tenant") {
    const { tenant } = snapshot;
    return idOrName === tenant.id || idOrName === tenant.name ? (tenant as unknown as JsonObject) : undefined;
  }
  const { rows } = ownedRule(kind);
  const map = snapshot[rows] as ReadonlyMap<string, object>;
  const found = map.get(idOrName) ?? map.get(indexesOf(snapshot).byId(rows, idOrName satisfies Id) ?? "");
  return found === undefined ? undefined : ({ ...found } as JsonObject);
}

/** `entries`: the newest first. Of what was created by the thousand the audit has a digest: what it held is worked out from what it holds. */
function toldOf(entries: readonly AuditEntry[], present: JsonObject | undefined): readonly HistoryEntry[] {
  let row: JsonObject = present ?? {};
  return entries.map((entry) => {
    const { before, after } = entry.data;
    const [was, is] = [isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}];
    if (entry.action === "inventory.created")
      return { ...headOf(entry), changes: heldBy(isJsonObject(after) ? after : row, "after") };
    if (entry.action === "inventory.removed") {
      row = was;
      return { ...headOf(entry), changes: heldBy(was, "before") };
    }
    if (entry.action !== "inventory.changed") return plainly(entry);
    row = { ...row, ...was };
    return { ...headOf(entry), changes: changesBetween(was, is) };
  });
}

function plainly(entry: AuditEntry): HistoryEntry {
  const changes = Object.entries(entry.data).map(([path, after]) => ({ path, after }));
  return { ...headOf(entry), changes };
}

function headOf({ seq, time, actor, action, subject }: AuditEntry): Omit<HistoryEntry, "changes"> {
  return { seq, time, actor, action, subject };
}

function unknown(kind: string, idOrName: string): GantryError {
  const title = isKind(kind) ? titleOf(kind) : kind.slice(0, 40);
  return new GantryError(NOT_FOUND, `nothing is known of a ${title} '${idOrName.slice(0, 80)}'`);
}
