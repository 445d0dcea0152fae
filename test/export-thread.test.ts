import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { createInventoryStore, inventoryMigrations } from "../src/inventory/index.ts";
import { group, inserting, site, structure } from "../src/inventory/testing.ts";
import { jobMigrations } from "../src/jobs/index.ts";
import { manualClock, systemClock } from "../src/kernel/clock.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import type { ExportRequest } from "../src/exchange/export-model.ts";
import { createExporter, type Exporter, type ExporterParts } from "../src/exchange/export-thread.ts";

let folder: string;
let parts: ExporterParts;
let exporter: Exporter;
/** After the inventory was written, and before it was changed. */
let between: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-export-"));
  const [clock, log] = [systemClock, silentLogger()];
  const file = join(folder, "gantry.db");
  const database = await openDatabase(file, { clock, log });
  await migrate(database, [...eventMigrations, ...jobMigrations, ...inventoryMigrations], clock);
  const inventory = createInventoryStore({ database, clock, bus: createInProcessBus(log) });
  const structures = Array.from({ length: 2000 }, (_, index) =>
    structure(`web${index}`, {
      groups: index < 10 ? ["few", "web"] : ["web"],
      foundation: null,
      blueprint: null,
      variables: { text: `${index}`.repeat(500) },
    }),
  );
  await database.transaction((tx) =>
    inventory.write(
      tx,
      DEFAULT_TENANT.id,
      inserting({ sites: [site("lab")], groups: [group("web"), group("few", { id: "few-id" })], structures }),
    ),
  );
  between = clock.now() + 1000;
  const later = createInventoryStore({ database, clock: manualClock(between + 1) });
  const added = structure("added", { groups: ["few"], foundation: null, blueprint: null });
  await database.transaction((tx) => later.write(tx, DEFAULT_TENANT.id, inserting({ structures: [added] })));
  await database.close();
  parts = { clock, database: file, inventory, gitFolder: join(folder, "git"), gitLocal: false };
  exporter = createExporter(parts);
});

afterAll(async () => {
  await exporter.close();
  rmSync(folder, { recursive: true });
});

function request(change: Partial<ExportRequest> = {}): ExportRequest {
  const all = { group: "all", format: "json", each: false, builtIn: true, filter: {} } as const;
  return { tenantId: DEFAULT_TENANT.id, ...all, ...change };
}

test("an export is made in another thread", async () => {
  const { head, content } = await exporter.run(request());
  expect(head).toEqual({ group: "all", hosts: 2001 });
  const made = JSON.parse(await text(content)) as Readonly<Record<string, { readonly hostvars: object }>>;
  expect(Object.keys(made["_meta"]!.hostvars)).toHaveLength(2001);
});

test("an export of a past time has what was there then", async () => {
  for (const [at, hosts] of [
    [between, 10],
    [undefined, 11],
  ] as const) {
    const { head } = await exporter.run(request({ group: "few", at }));
    expect(head).toEqual({ group: "few", hosts });
  }
  await expect(exporter.run(request({ at: 1000 }))).rejects.toMatchObject({ code: "history_begins" });
});

test("an export for whose rights reach one group has its hosts alone, and knows nothing else by name", async () => {
  const readable = { sites: [], groups: ["few-id"] };
  const { head, content } = await exporter.run(request({ readable }));
  expect(head).toEqual({ group: "all", hosts: 11 });
  const made = JSON.parse(await text(content)) as Readonly<Record<string, { readonly hostvars: object }>>;
  expect(Object.keys(made["_meta"]!.hostvars)).toHaveLength(11);
  for (const change of [{ group: "lab" }, { filter: { host: ["web20"] } }] as const) {
    const refused = exporter.run(request({ readable, ...change }));
    await expect(refused).rejects.toMatchObject({ code: "not_found" });
  }
  await expect(exporter.run(request({ readable, group: "lob" }))).rejects.toThrow(/^there is no group 'lob'$/);
  expect((await exporter.run(request({ readable: { sites: [], groups: [] } }))).head.hosts).toBe(0);
});

test("this thread goes on answering while an export is made", async () => {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const own = createExporter(parts);
  try {
    let made = false;
    const making = own.run(request({ format: "tgz" })).finally(() => (made = true));
    // Each is asked when the one before was answered: were the export made here, hardly any would be until it is done.
    let answered = 0;
    for (; !made; answered += 1) expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("here");
    expect(answered).toBeGreaterThan(10);
    const { head, content } = await making;
    expect(head.hosts).toBe(2001);
    content.destroy();
  } finally {
    await own.close();
    server.closeAllConnections();
    server.close();
  }
});

test("what is wrong is told before there are bytes", async () => {
  await expect(exporter.run(request({ group: "wbe" }))).rejects.toMatchObject({
    code: "not_found",
    message: "there is no group 'wbe'; did you mean 'web'?",
  });
  await expect(exporter.run(request({ each: true }))).rejects.toMatchObject({ code: "export_format_unknown" });
});

test("whoever goes away does not hold up the others", async () => {
  const { content } = await exporter.run(request({ format: "tgz" }));
  content.destroy();
  const all = await Promise.all([1, 2, 3].map(async () => buffer((await exporter.run(request())).content)));
  expect(new Set(all.map(({ length }) => length)).size).toBe(1);
});

test("each of many small ones comes whole", async () => {
  const lengths = new Set<number>();
  for (let time = 0; time < 200; time += 1) {
    const { content } = await exporter.run(request({ group: "few" }));
    lengths.add((await buffer(content)).length);
  }
  expect(lengths.size).toBe(1);
});

test("no more are made once it is closed", async () => {
  const notAsked = (): Promise<never> => Promise.reject(new Error("not asked"));
  const other = createExporter({ ...parts, inventory: { snapshot: notAsked, snapshotAt: notAsked } });
  const running = other.run(request());
  await Promise.all([other.close(), expect(running).rejects.toMatchObject({ code: "export_failed" })]);
  await expect(other.run(request())).rejects.toMatchObject({ code: "export_failed" });
});
