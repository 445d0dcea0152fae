import {
  type createKeeper,
  type createMergedInventory,
  withBackendAddresses,
  withBackendExports,
  withBackends,
} from "../backends/index.ts";
import { refuseDirect } from "../changes/index.ts";
import {
  createExporter,
  createImportReader,
  createImportService,
  exportRoutes,
  importRoutes,
} from "../exchange/index.ts";
import {
  allocationRoutes,
  createAllocationService,
  createInventoryService,
  type createInventoryStore,
  type createMembersService,
  createTenantService,
  groupRoutes,
  inventoryRoutes,
  membersRoutes,
  tenantRoutes,
} from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database, openDatabase, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { check } from "../tscript/index.ts";
import { attributeProblems } from "./known.ts";

interface InventoryParts {
  readonly database: Database;
  readonly inventory: ReturnType<typeof createInventoryStore>;
  /** With what is kept elsewhere. */
  readonly merged: ReturnType<typeof createMergedInventory>;
  readonly keeper: ReturnType<typeof createKeeper>;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly members: ReturnType<typeof createMembersService>;
  scriptProblems(text: string, file: string, tenantId: Id): ReturnType<typeof check>;
  /** Where the database is: exports read it in a thread of their own. */
  readonly place: Parameters<typeof openDatabase>[0];
  readonly git: { readonly folder: string; readonly local: boolean };
  /** Within the transaction that removes a tenant. */
  tenantRemoved(tx: Transaction, tenantId: Id): Promise<void>;
}

/** Reading and writing the inventory: what is only read sees what is kept elsewhere as well; who writes sees the database alone. */
export function composeInventory(http: HttpServer, parts: InventoryParts) {
  const { database, inventory, merged, keeper, events, bus, clock, random, git } = parts;
  const shared = { database, events, bus, clock, random, directWrites: refuseDirect };
  const allocation = createAllocationService({ ...shared, inventory: merged.store });
  const editParts = { ...shared, knowledge: { scriptProblems: parts.scriptProblems, attributeProblems } };
  const editing = createInventoryService({ ...editParts, inventory });
  const reading = createInventoryService({ ...editParts, inventory: merged.store });
  const inventoryService = withBackends(reading, merged, keeper);
  const tenants = createTenantService(
    { database, inventory, events, bus, clock, random },
    inventoryService,
    parts.tenantRemoved,
  );
  const exporter = createExporter({
    clock,
    database: parts.place,
    inventory,
    gitFolder: git.folder,
    gitLocal: git.local,
  });
  allocationRoutes(http, withBackendAddresses(allocation, merged, keeper));
  tenantRoutes(http, tenants);
  inventoryRoutes(http, inventoryService);
  groupRoutes(http, inventoryService);
  membersRoutes(http, parts.members);
  exportRoutes(http, withBackendExports(exporter, merged, keeper));
  importRoutes(http, createImportService({ inventory, reader: createImportReader(clock), edit: editing.edit }));
  return { editParts, tenants, exporter };
}
