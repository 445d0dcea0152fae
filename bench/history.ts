/**
 * History: what entries of the audit cost beside the writes they tell of; how fast a chain is verified, beside SHA-256 of the same bytes;
 * how long the inventory as it was takes to work out, beside one look at what is.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAudit, createAuditReader, DEFAULT_TENANT } from "../src/access/index.ts";
import { createInventoryStore, inventoryMigrations, type Structure } from "../src/inventory/index.ts";
import { inserting, site, structure, updating } from "../src/inventory/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";

const STRUCTURES = 10_000;
const CHANGES = 10_000;
const AT_ONCE = 100;
const ENTRIES = 100_000;
const TENANT = DEFAULT_TENANT.id;

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    const database = await opened(join(folder, "history.db"));
    try {
      const made = await changes(database);
      const entries = await entriesAlone(database);
      return [
        measured(
          `entries of ${CHANGES.toLocaleString("en")} changes, ${AT_ONCE} a commit`,
          "s",
          entries,
          made.seconds,
          "the changes with their entries",
        ),
        ...(await past(database, made.before)),
        ...(await verified(database)),
      ];
    } finally {
      await database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function opened(path: string): Promise<Database> {
  const database = await openDatabase(`sqlite:${path}`, { clock: systemClock, log: silentLogger() });
  await migrate(database, inventoryMigrations, systemClock);
  return database;
}

/** Gives structures other variables. */
async function changes(database: Database): Promise<{ readonly seconds: number; readonly before: number }> {
  const store = createInventoryStore({ database, clock: systemClock });
  const sites = [site("lab")];
  const rows = Array.from({ length: STRUCTURES }, (_, at) =>
    structure(`host${at}`, { site: "lab", variables: variables(at) }),
  );
  await database.transaction((tx) => store.write(tx, TENANT, inserting({ sites, structures: rows })));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const before = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const used = process.cpuUsage();
  for (let start = 0; start < CHANGES; start += AT_ONCE) {
    const changed = rows.slice(start % STRUCTURES, (start % STRUCTURES) + AT_ONCE).map((row): Structure => ({
      ...row,
      variables: { ...row.variables, changed: start },
      version: row.version + 1,
      updatedAt: Date.now(),
    }));
    await database.transaction((tx) => store.write(tx, TENANT, updating({ structures: changed })));
  }
  const { user, system } = process.cpuUsage(used);
  return { seconds: (user + system) / 1e6, before };
}

/** Seconds of the processor for the same entries, in another chain. */
async function entriesAlone(database: Database): Promise<number> {
  const audit = createAudit({ database, clock: systemClock });
  const { seq } = await audit.head(TENANT);
  const all = await audit.entriesOf(database.kysely, TENANT, { from: seq - CHANGES + 1, to: seq });
  const drafts = all.map(({ action, subject, data }) => ({
    chain: "copy",
    action,
    subject,
    dataText: JSON.stringify(data),
  }));
  return processorSeconds(async () => {
    for (let start = 0; start < CHANGES; start += AT_ONCE)
      await database.transaction((tx) => audit.append(tx, drafts.slice(start, start + AT_ONCE)));
  });
}

function variables(at: number): Structure["variables"] {
  return Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`variable${index}`, `value ${index} of ${at}`]));
}

async function past(database: Database, at: number): Promise<readonly Measurement[]> {
  const store = createInventoryStore({ database, clock: systemClock });
  const read = await processorSeconds(() => store.snapshot(TENANT));
  const first = await processorSeconds(() => store.snapshotAt(TENANT, at));
  const again = await processorSeconds(() => store.snapshotAt(TENANT, at));
  const reading = `reading all ${STRUCTURES.toLocaleString("en")} structures once`;
  return [
    measured(`the inventory ${CHANGES.toLocaleString("en")} changes ago`, "ms", first * 1000, read * 1000, reading),
    measured("the same time, asked again", "ms", again * 1000, read * 1000, reading),
  ];
}

async function verified(database: Database): Promise<readonly Measurement[]> {
  const audit = createAudit({ database, clock: systemClock });
  const bus = createInProcessBus(silentLogger());
  const chain = "bench";
  const data = { before: { version: 1, variables: variables(1) }, after: { version: 2, variables: variables(2) } };
  const drafts = Array.from({ length: 1000 }, (_, at) => ({
    chain,
    action: "inventory.changed",
    subject: { kind: "structure", id: null, name: `host${at}` },
    data,
  }));
  for (let start = 0; start < ENTRIES; start += drafts.length)
    await database.transaction((tx) => audit.append(tx, drafts));
  const reader = createAuditReader({ database, audit, bus, clock: systemClock });
  const lines: string[] = [];
  for await (const line of reader.lines(chain, ENTRIES - 1000, {})) lines.push(line);
  const raw = await processorSeconds(async () => {
    for (let start = 0; start < ENTRIES; start += lines.length)
      for (const line of lines) createHash("sha256").update(line).digest("hex");
  });
  const seconds = await processorSeconds(async () => {
    if ((await reader.verify(chain)).damage !== null) throw new Error("the chain is not whole");
  });
  await bus.close();
  const count = ENTRIES.toLocaleString("en");
  return [
    measured(
      `a chain of ${count} entries, verified`,
      "entries/s",
      ENTRIES / seconds,
      ENTRIES / raw,
      "SHA-256 of the same lines alone",
    ),
  ];
}

async function processorSeconds(work: () => Promise<unknown>): Promise<number> {
  const used = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1e6;
}
