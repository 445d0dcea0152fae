import type { Id } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { Database } from "../platform/database/index.ts";
import { contentHash } from "./content.ts";
import type { CurrentZone } from "./decide.ts";
import type { RenderedZone, Rendering, ZoneProblem } from "./model.ts";
import { createZoneRenderer, type ZoneRenderer } from "./renderer.ts";
import { saveSerial, selectSerials } from "./store.ts";
import { nextSerial } from "./text.ts";

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

/** What was settled last: nothing is done again for the same zones. */
interface Settled {
  readonly rendering: Rendering;
  readonly now: ZonesNow;
}

export function createZoneBook({ database, inventory, clock }: BookParts): ZoneBook {
  const known = new Map<Id, Known>();
  const settling = new Map<Id, Promise<ZonesNow>>();
  const renderers = new Map<Id, ZoneRenderer>();
  const settled = new Map<Id, Settled>();

  function rendererOf(tenantId: Id): ZoneRenderer {
    const renderer = renderers.get(tenantId) ?? createZoneRenderer();
    renderers.set(tenantId, renderer);
    return renderer;
  }

  async function settle(tenantId: Id, snapshot: Snapshot): Promise<ZonesNow> {
    const rendering = await inSteps(rendererOf(tenantId).render(snapshot));
    const before = settled.get(tenantId);
    if (before?.rendering === rendering) return before.now;
    const hashed: { readonly zone: RenderedZone; readonly contentHash: string }[] = [];
    const hashes = new Map(before?.now.zones.map((one) => [one.zone, one.contentHash]));
    for (const zone of rendering.zones) {
      const sameHash = hashes.get(zone);
      hashed.push({ zone, contentHash: sameHash ?? contentHash(zone) });
      if (sameHash === undefined) await breath();
    }
    const serials = await countSerials(tenantId, hashed);
    const zones = hashed.map((one, index) => ({ ...one, serial: serials[index]! }));
    const now: ZonesNow = {
      zones,
      get problems() {
        return rendering.problems;
      },
    };
    settled.set(tenantId, { rendering, now });
    return now;
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
        if (found?.snapshot === snapshot) return found.now;
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
