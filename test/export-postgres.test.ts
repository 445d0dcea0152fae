import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { expect, it } from "vitest";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { createExporter } from "../src/exchange/export-thread.ts";
import { createInventoryStore, inventoryMigrations } from "../src/inventory/index.ts";
import { group, inserting, site, structure } from "../src/inventory/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { postgresUrl } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// The thread that makes exports opens a database of its own. On SQLite test/export-thread.test.ts looks at it.

const TENANT = DEFAULT_TENANT.id;

interface Document {
  readonly _meta: { readonly hostvars: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

describeReal("postgresql", "an export from PostgreSQL", () => {
  it("is made in a thread of its own, from what is there when it is asked for", async () => {
    const [clock, log] = [systemClock, silentLogger()];
    const url = await postgresUrl();
    const folder = mkdtempSync(join(tmpdir(), "gantry-export-"));
    const database = await openDatabase(url, { clock, log });
    await migrate(database, [...eventMigrations, ...inventoryMigrations], clock);
    const inventory = createInventoryStore({ database, clock, bus: createInProcessBus(log) });
    const exporter = createExporter({
      clock,
      database: url,
      inventory,
      gitFolder: join(folder, "git"),
      gitLocal: false,
    });

    async function exported(): Promise<Document["_meta"]["hostvars"]> {
      const request = {
        tenantId: TENANT,
        group: "all",
        format: "json",
        each: false,
        builtIn: false,
        filter: {},
      } as const;
      const { content } = await exporter.run(request);
      const { _meta: meta } = (await json(content)) as Document;
      return meta.hostvars;
    }

    try {
      const own = { plain: 1, ">list": ["b"], odd: 'é "\\n {{ x }}', deep: { $float: 2 } };
      const web = structure("web1", { groups: ["web"], foundation: null, blueprint: null, variables: own });
      const groups = [group("web", { variables: { list: ["a"] } })];
      await database.transaction((tx) =>
        inventory.write(tx, TENANT, inserting({ sites: [site("lab")], groups, structures: [web] })),
      );
      const { web1 } = await exported();
      expect(web1).toEqual({ plain: 1, list: ["a", "b"], odd: own.odd, deep: 2 });
      // The thread keeps what it has read; what is written later is read when it is asked again.
      const later = structure("web2", { foundation: null, blueprint: null, variables: { plain: 2 } });
      await database.transaction((tx) => inventory.write(tx, TENANT, inserting({ structures: [later] })));
      expect(await exported()).toEqual({ web1, web2: { plain: 2 } });
    } finally {
      await exporter.close();
      await database.close();
      rmSync(folder, { recursive: true });
    }
  });
});
