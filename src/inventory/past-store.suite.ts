import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { AUDIT_MIGRATION, createAudit, DEFAULT_TENANT } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { countingRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { migrate, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Edit } from "./edit-model.ts";
import { OWNED_RULES, type Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { createPast } from "./past-store.ts";
import { createInventoryService, type InventoryService } from "./service.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { inserting, structure, updating } from "./testing.ts";

const tenantId = DEFAULT_TENANT.id;

/** Every row with all its bookkeeping, as plain data. */
function contents(snapshot: Snapshot): unknown {
  const rows = OWNED_RULES.flatMap(({ kind, rows: member }) =>
    [...snapshot[member].values()].map((row): [string, unknown] => [`${kind} ${row.name}`, { ...row }]),
  );
  return { tenant: { ...snapshot.tenant }, rows: Object.fromEntries(rows) };
}

const name = fc.constantFrom("a", "b", "c");
const target = fc.record({ kind: fc.constantFrom<Kind>("site", "group", "structure"), name });
const variables = fc.constantFrom({}, { tier: 1 }, { tier: [2, null], "é\u0000": { deep: true } });

const edits: fc.Arbitrary<Edit> = fc.oneof(
  target.map(({ kind, name: one }): Edit => ({
    action: "create",
    kind,
    data: kind === "structure" ? { name: one, site: "a" } : { name: one },
  })),
  fc.tuple(target, variables).map(([one, values]): Edit => ({
    action: "merge",
    version: null,
    ...one,
    patch: { variables: values },
  })),
  target.map((one): Edit => ({ action: "delete", version: null, ...one })),
  variables.map((values): Edit => ({
    action: "merge",
    kind: "tenant",
    name: "default",
    version: null,
    patch: { variables: values },
  })),
);

/** The inventory as it was, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let store: InventoryStore;
  let inventory: InventoryService;

  async function begin(): Promise<void> {
    database = await open([...eventMigrations, ...inventoryMigrations]);
    clock = manualClock(Date.now() + 1000);
    const random = countingRandom();
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    store = createInventoryStore({ database, clock });
    const events = createEventStream({ database, bus, clock, random });
    inventory = createInventoryService({ database, inventory: store, events, bus, clock, random });
  }
  beforeEach(begin);

  const edit = (...some: readonly Edit[]) => inventory.edit(ADMINISTRATOR, some, { cascade: true });
  const site = (of: string): Edit => ({ action: "create", kind: "site", data: { name: of } });

  describe("the inventory as it was", () => {
    it("is what was read at that time, whatever happened since", { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 12 }), async (some) => {
          await begin();
          const seen: { at: number; was: unknown }[] = [];
          for (const one of some) {
            seen.push({ at: clock.now(), was: contents(await store.snapshot(tenantId)) });
            clock.advance(10);
            await edit(one).catch((error: unknown) => expect(error).toBeInstanceOf(GantryError));
            for (const { id } of (await store.snapshot(tenantId)).structures.values())
              await database.transaction((tx) => store.changeBuild(tx, "structure", id, null, { stale: true }));
            clock.advance(10);
          }
          // From near to far, and back: what was worked out for one time serves the next.
          for (const { at, was } of [...seen.toReversed(), ...seen])
            expect(contents(await store.snapshotAt(tenantId, at))).toEqual(was);
          for (const { at, was } of seen)
            expect(contents(await createInventoryStore({ database, clock }).snapshotAt(tenantId, at))).toEqual(was);
        }),
        { numRuns: 15 },
      );
    });

    it("has what was removed, also where something else has its name now", async () => {
      await edit(site("lab"), { action: "create", kind: "structure", data: { name: "old", site: "lab" } });
      const at = clock.now();
      clock.advance(5);
      await edit({ action: "delete", kind: "site", name: "lab", version: null });
      await edit(site("dc"), { action: "create", kind: "structure", data: { name: "old", site: "dc" } });
      expect([...(await store.snapshot(tenantId)).sites.keys()]).toEqual(["dc"]);
      const was = await store.snapshotAt(tenantId, at);
      expect([...was.structures.keys()]).toEqual(["old"]);
      expect(await inventory.get(ADMINISTRATOR, "structure", "old", at)).toMatchObject({ name: "old", site: "lab" });
    });

    it("undoes rows that were created by the thousand, of which only digests are kept", async () => {
      await edit(site("lab"));
      const at = clock.now();
      clock.advance(5);
      const rows = Array.from({ length: 1500 }, (_, count) => structure(`host${count}`, { site: "lab" }));
      await database.transaction((tx) => store.write(tx, tenantId, inserting({ structures: rows })));
      const [entry] = await createAudit({ database, clock }).entriesOf(database.kysely, tenantId, { from: 2, to: 2 });
      expect(entry?.data).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      expect((await store.snapshotAt(tenantId, at)).structures.size).toBe(0);
    });

    it("knows what was there before history was kept as it was when that began", async () => {
      const before = inventoryMigrations.filter(({ name: one }) => one !== AUDIT_MIGRATION);
      database = await open(before);
      await database.kysely
        .insertInto("site")
        .values({
          id: "old",
          tenant_id: tenantId,
          name: "old",
          managed_by: "person",
          applied: "{}",
          wanted: "built",
          version: 1,
          revision: 1,
          created_at: 0,
          updated_at: 0,
          labels: "{}",
          assets: "[]",
          fields: "{}",
          kind: "",
          description: "",
          parent: null,
          variables: '{"ntp":"a"}',
          zone: null,
        })
        .execute();
      clock = manualClock(Date.now() + 1000);
      await migrate(database, inventoryMigrations, clock);
      const began = clock.now();
      store = createInventoryStore({ database, clock });
      clock.advance(1000);
      const old = (await store.snapshot(tenantId)).sites.get("old")!;
      const changed = { ...old, variables: { ntp: "b" }, version: 2 };
      await database.transaction((tx) => store.write(tx, tenantId, updating({ sites: [changed] })));
      clock.advance(1000);
      await database.transaction((tx) =>
        store.removeRows(tx, tenantId, [{ table: "site", id: "old", name: "old", version: 2 }]),
      );
      expect((await store.snapshotAt(tenantId, began)).sites.get("old")).toEqual({ ...old });
      expect((await store.snapshotAt(tenantId, began + 1000)).sites.get("old")).toEqual(changed);
      expect((await store.snapshotAt(tenantId, began + 2000)).sites.size).toBe(0);
      await expect(store.snapshotAt(tenantId, began - 1)).rejects.toMatchObject({
        code: "history_begins",
        details: { since: began },
      });
    });

    it("is not known before history was kept, nor behind more changes than are undone at once", async () => {
      await expect(store.snapshotAt(tenantId, 1000)).rejects.toMatchObject({ code: "history_begins" });
      const at = clock.now();
      clock.advance(5);
      const rows = Array.from({ length: 2500 }, (_, count) => structure(`host${count}`, { site: "lab" }));
      await database.transaction((tx) => store.write(tx, tenantId, inserting({ structures: rows })));
      const audit = createAudit({ database, clock });
      const past = createPast({ database, audit, present: (of) => store.snapshot(of), mostEntries: 2000 });
      await expect(past.snapshot(tenantId, at)).rejects.toMatchObject({ code: "history_too_long" });
    });
  });
}
