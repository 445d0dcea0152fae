import type { Id } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Snapshot, Structure } from "../inventory/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { CurrentZone } from "./decide.ts";
import type { RenderedZone, ZoneProblem } from "./model.ts";
import { saveSerial, selectSerials } from "./store.ts";
import { contentHash, nextSerial } from "./text.ts";
import { renderSteps } from "./zones.ts";

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

/** What is known of a tenant, and what it was worked out from. */
interface Known {
  readonly snapshot: Snapshot;
  readonly now: Promise<ZonesNow>;
}

export function createZoneBook({ database, inventory, clock }: BookParts): ZoneBook {
  const known = new Map<Id, Known>();
  const settling = new Map<Id, Promise<ZonesNow>>();

  async function settle(tenantId: Id, snapshot: Snapshot): Promise<ZonesNow> {
    const { zones, problems } = await inSteps(renderSteps(snapshot));
    const hashed: { readonly zone: RenderedZone; readonly contentHash: string }[] = [];
    for (const zone of zones) {
      hashed.push({ zone, contentHash: contentHash(zone) });
      await breath();
    }
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
      for (;;) {
        const snapshot = await inventory.snapshot(tenantId);
        const found = known.get(tenantId);
        if (found !== undefined && isSameForNames(found.snapshot, snapshot)) {
          known.set(tenantId, { snapshot, now: found.now });
          return found.now;
        }
        const earlier = settling.get(tenantId);
        if (earlier === undefined) {
          const now = settle(tenantId, snapshot);
          known.set(tenantId, { snapshot, now });
          settling.set(tenantId, now);
          void now.then(
            () => settling.delete(tenantId),
            () => {
              // What failed is tried again by the next who asks.
              settling.delete(tenantId);
              if (known.get(tenantId)?.now === now) known.delete(tenantId);
            },
          );
          return now;
        }
        // One after the other: an older state that is settled last would turn a serial back.
        await earlier.catch(() => {});
      }
    },
  };
}

/** Whether nothing that names follow from is different: jobs change structures all the time, and their names hardly ever. */
function isSameForNames(before: Snapshot, after: Snapshot): boolean {
  if (before.revision === after.revision) return true;
  if (before.sites !== after.sites || before.zones !== after.zones || before.addressBlocks !== after.addressBlocks)
    return false;
  if (before.structures === after.structures) return true;
  if (before.structures.size !== after.structures.size) return false;
  for (const [name, row] of after.structures) {
    const old = before.structures.get(name);
    if (old !== row && (old === undefined || namedBy(old) !== namedBy(row))) return false;
  }
  return true;
}

function namedBy({ hostname, site, zone, wanted, addresses }: Structure): string {
  return JSON.stringify([hostname, site, zone, wanted, addresses]);
}

/** Runs steps with a breath between them, so that requests are answered meanwhile. */
async function inSteps<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await breath();
  }
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
