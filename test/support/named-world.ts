import { onTestFinished } from "vitest";
import { administratorPrincipal, DEFAULT_TENANT, type Principal } from "../../src/access/index.ts";
import { createDnsService, createPublishing, createZoneBook, dnsMigrations } from "../../src/dns/index.ts";
import type { DnsService } from "../../src/dns/index.ts";
import { bindPublisher } from "../../src/drivers/bind/index.ts";
import { nsupdatePublisher } from "../../src/drivers/nsupdate/index.ts";
import { powerdnsPublisher } from "../../src/drivers/powerdns/index.ts";
import {
  createInventoryStore,
  inventoryMigrations,
  type InventoryRows,
  type Snapshot,
} from "../../src/inventory/index.ts";
import { inserting, updating } from "../../src/inventory/testing.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/ids.ts";
import type { JsonObject } from "../../src/kernel/json.ts";
import { createInProcessBus } from "../../src/platform/bus/index.ts";
import type { Database } from "../../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../../src/platform/events/index.ts";
import { silentLogger } from "../../src/platform/logging/index.ts";
import { openSqlite } from "./databases.ts";

export const PRINCIPAL: Principal = administratorPrincipal("token");

/** The room `dns` with its drivers over an inventory, in this process. */
export interface NamesBench {
  readonly dns: DnsService;
  readonly database: Database;
  snapshot(): Promise<Snapshot>;
  insert(rows: Partial<InventoryRows>): Promise<void>;
  /** Rows as they were read, changed; their versions are counted here. */
  update(rows: Partial<InventoryRows>): Promise<void>;
  addTarget(name: string, kind: "bind" | "nsupdate" | "powerdns", settings: JsonObject, view?: string): Promise<void>;
  /** States of all zones on a target. */
  states(target: string): Promise<readonly string[]>;
  /** Ends publishing, as a server that is stopped does. */
  stop(): Promise<void>;
}

/** `database`: that of another bench, to go on where it stood. */
export async function createNamesBench(database?: Database): Promise<NamesBench> {
  const data = database ?? (await openSqlite([...eventMigrations, ...inventoryMigrations, ...dnsMigrations]));
  const parts = { database: data, clock: systemClock, random: systemRandom, log: silentLogger() };
  const bus = createInProcessBus(parts.log);
  const events = createEventStream({ ...parts, bus });
  const inventory = createInventoryStore({ ...parts, bus });
  const publishers = [bindPublisher(), nsupdatePublisher(), powerdnsPublisher()];
  const book = createZoneBook({ ...parts, inventory });
  const publishing = createPublishing({ ...parts, bus, events, book, publishers });
  const dns = createDnsService({ ...parts, bus, events, book, publishers, publishing });
  publishing.start();
  async function stop(): Promise<void> {
    await publishing.stop();
    await bus.close();
  }
  onTestFinished(stop);

  async function write(writes: ReturnType<typeof inserting>): Promise<void> {
    await data.transaction((tx) => inventory.write(tx, DEFAULT_TENANT.id, writes));
  }

  return {
    dns,
    database: data,
    snapshot: () => inventory.snapshot(DEFAULT_TENANT.id),
    insert: (rows) => write(inserting(rows)),
    update: (rows) =>
      write(
        updating(
          Object.fromEntries(
            Object.entries(rows).map(([kind, list]) => [
              kind,
              list.map((row) => ({ ...row, version: row.version + 1 })),
            ]),
          ),
        ),
      ),
    async addTarget(name, kind, settings, view) {
      await dns.addTarget(PRINCIPAL, { name, kind, settings, zones: [], view: view ?? null });
    },
    async states(target) {
      const { zones } = await dns.status(PRINCIPAL);
      return zones.filter((one) => one.target === target).map((one) => one.state);
    },
    stop,
  };
}
