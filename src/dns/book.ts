import type { Id } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { CurrentZone } from "./decide.ts";
import type { RenderedZone, ZoneProblem } from "./model.ts";
import { saveSerial, selectSerials } from "./store.ts";
import { contentHash, nextSerial } from "./text.ts";
import { renderZones } from "./zones.ts";

/** What a tenant's zones are now, each with its serial. */
export interface ZonesNow {
  readonly zones: readonly CurrentZone[];
  readonly problems: readonly ZoneProblem[];
}

/** Knows the zones of every tenant. What did not change in the inventory is not worked out again. */
export interface ZoneBook {
  now(tenantId: Id): Promise<ZonesNow>;
}

export interface BookParts {
  readonly database: Database;
  readonly inventory: { snapshot(tenantId: Id): Promise<Snapshot> };
  readonly clock: Clock;
}

export function createZoneBook({ database, inventory, clock }: BookParts): ZoneBook {
  const known = new Map<Id, { readonly revision: number; readonly now: Promise<ZonesNow> }>();

  async function settle(tenantId: Id, snapshot: Snapshot): Promise<ZonesNow> {
    const { zones, problems } = renderZones(snapshot);
    const hashed = zones.map((zone) => ({ zone, contentHash: contentHash(zone) }));
    const serials = await countSerials(tenantId, hashed);
    return { zones: hashed.map((one, index) => ({ ...one, serial: serials[index]! })), problems };
  }

  /** A serial grows when the content is not what it was counted for. */
  async function countSerials(
    tenantId: Id,
    zones: readonly { readonly zone: RenderedZone; readonly contentHash: string }[],
  ): Promise<readonly number[]> {
    const read = async (queries: Parameters<typeof selectSerials>[0]) =>
      new Map((await selectSerials(queries, tenantId)).map((row) => [`${row.zone} ${row.view}`, row]));
    const keyOf = ({ name, view }: RenderedZone): string => `${name} ${view ?? ""}`;
    const before = await read(database.kysely);
    if (zones.every((one) => before.get(keyOf(one.zone))?.contentHash === one.contentHash))
      return zones.map((one) => before.get(keyOf(one.zone))!.serial);
    return database.transaction(async (tx) => {
      const rows = await read(tx);
      const serials: number[] = [];
      for (const one of zones) {
        const row = rows.get(keyOf(one.zone));
        const same = row?.contentHash === one.contentHash;
        const serial = same ? row.serial : nextSerial(row?.serial ?? null, clock.now());
        serials.push(serial);
        const key = { zone: one.zone.name, view: one.zone.view ?? "" };
        if (!same) await saveSerial(tx, tenantId, { ...key, serial, contentHash: one.contentHash }, clock.now());
      }
      return serials;
    });
  }

  return {
    async now(tenantId) {
      const snapshot = await inventory.snapshot(tenantId);
      const found = known.get(tenantId);
      if (found?.revision === snapshot.revision) return found.now;
      const now = settle(tenantId, snapshot);
      known.set(tenantId, { revision: snapshot.revision, now });
      // What failed is tried again by the next who asks.
      now.catch(() => {
        if (known.get(tenantId)?.now === now) known.delete(tenantId);
      });
      return now;
    },
  };
}
