import type { Principal } from "../../access/index.ts";
import { ADMINISTRATOR } from "../../access/testing.ts";
import {
  createInventoryService,
  createInventoryStore,
  inventoryMigrations,
  type Edit,
  type Snapshot,
} from "../../inventory/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/ids.ts";
import { createInProcessBus } from "../../platform/bus/index.ts";
import { migrate, openDatabase } from "../../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../../platform/events/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import type { ImportFormat, SourceFile } from "../import-model.ts";
import { readBody } from "../import-body.ts";
import { readSource } from "../import-format.ts";
import type { ImportReader } from "../import-reader.ts";
import { createImportService, type ImportAnswer, type ImportService } from "../import-service.ts";

/** A real inventory to import into. */
export interface ImportBench {
  readonly service: ImportService;
  plan(source: Source): Promise<ImportAnswer>;
  apply(source: Source): Promise<ImportAnswer>;
  /** What a person does. */
  edit(...edits: readonly Edit[]): Promise<unknown>;
  snapshot(): Promise<Snapshot>;
  close(): Promise<void>;
}

interface Source {
  readonly name?: string;
  readonly format?: ImportFormat;
  readonly site?: string;
  readonly files: readonly SourceFile[];
  readonly fingerprint?: string;
}

const someone: Principal = { ...ADMINISTRATOR, name: "test" };

/** Reads in this thread: starting another takes longer than what most tests read. */
const readHere: ImportReader = {
  async read(body) {
    const request = readBody(body);
    return { name: request.name, fingerprint: request.fingerprint, document: readSource(request) };
  },
};

/** `url`: of an empty database. */
export async function openImportBench(url = ":memory:", reader: ImportReader = readHere): Promise<ImportBench> {
  const clock = systemClock;
  const database = await openDatabase(url, { clock, log: silentLogger() });
  await migrate(database, [...eventMigrations, ...inventoryMigrations], clock);
  const bus = createInProcessBus(silentLogger());
  const inventory = createInventoryStore({ database, clock });
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const service = createInventoryService({ database, inventory, events, bus, clock, random: systemRandom });
  const imports = createImportService({ inventory, reader, edit: service.edit });
  const bytes = (source: Source): Uint8Array => new TextEncoder().encode(JSON.stringify({ name: "lab", ...source }));
  return {
    service: imports,
    plan: (source) => imports.plan(someone, bytes(source)),
    apply: (source) => imports.apply(someone, bytes(source)),
    edit: (...edits) => service.edit(someone, edits),
    snapshot: () => inventory.snapshot(someone.tenantId),
    async close() {
      await bus.close();
      await database.close();
    },
  };
}

/** A file of an inventory as Ansible's dynamic inventories write it. */
export function inventoryFile(inventory: object): SourceFile {
  return { path: "inventory.json", text: JSON.stringify(inventory, null, 2) };
}

/** The lines of a plan's text that are no empty ones. */
export function linesOf(answer: ImportAnswer): readonly string[] {
  return answer.text.split("\n").filter((line) => line !== "");
}
