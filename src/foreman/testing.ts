import { onTestFinished } from "vitest";
import { z } from "zod";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT } from "../access/index.ts";
import {
  createInventoryStore,
  inventoryMigrations,
  type Foundation,
  type InventoryStore,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import { updating } from "../inventory/testing.ts";
import { createJobs, jobMigrations, type Job, type Jobs, type JobsParts } from "../jobs/index.ts";
import { startExecutor, type TestExecutor, type TestFunction } from "../jobs/testing/executor.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { ModuleFunction } from "../link/index.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type Event } from "../platform/events/index.ts";
import { untilEvents } from "../platform/events/testing.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { SECRETS_LOCKED, SecretValue, type OwnerKey, type Secret } from "../secrets/index.ts";
import { createRenderer } from "../templates/index.ts";
import { tscript } from "../tscript/index.ts";
import { foremanCatalogue } from "./catalogue.ts";
import { createForemanHost, type HostParts } from "./host.ts";
import type { SecretUse } from "./secrets.ts";
import { createForeman, type Foreman, type ForemanParts } from "./service.ts";
import { FOREMAN_HOST } from "./start.ts";
import { createJobStarts, type JobStarts } from "./starts.ts";
import { createForemanStore, migrations } from "./store.ts";
import { createSetConfig } from "./structure-calls.ts";

/** The foreman with a real inventory, job engine and database, and executors that are functions of the test. */
export interface ForemanWorld {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly jobs: Jobs;
  readonly foreman: Foreman;
  readonly starts: JobStarts;
  /** Texts kept for agents, in order. */
  readonly contents: readonly string[];
  /** Foundations whose agent is connected. */
  readonly connected: Set<string>;
  readonly secrets: TestSecrets;
  snapshot(): Promise<Snapshot>;
  /** Does the tasks of a module from now on: `local` for foundations, or `agent` of the foundation `agentId`. */
  serve(module: string, functions: Readonly<Record<string, TestFunction>>, agentId?: string): TestExecutor;
  /** Resolves when the inventory is as asked. It is looked at after every event. */
  reach(isSo: (snapshot: Snapshot) => boolean): Promise<Snapshot>;
  /** Changes a row as an apply would, and wakes the foreman. */
  change(kind: "foundation" | "structure", name: string, values: Partial<Structure & Foundation>): Promise<void>;
  /** Newest first. */
  jobsMade(): Promise<readonly Job[]>;
  /** `structure.built web`, oldest first, without those of jobs. */
  eventsSeen(): Promise<readonly string[]>;
}

function described(parameters: z.ZodRawShape, safeToRepeat = true): ModuleFunction {
  return { summary: "", parameters: z.object(parameters), safeToRepeat, run: () => Promise.resolve(null) };
}

const AGENT: Readonly<Record<string, ModuleFunction>> = {
  add: described({ to: z.string(), sha256: z.string(), name: z.string() }),
  arg: described({ name: z.string(), value: z.json() }),
  run: described({ command: z.string(), environment: z.json().optional(), cache: z.string().optional() }, false),
  service: described({ name: z.string(), state: z.string().optional() }),
};

const LOCAL = {
  name: "local",
  limit: 1,
  functions: Object.fromEntries(
    ["create", "destroy", "power_on", "power_off", "link_test", "wait_for_poweroff", "observe"].map((name) => [
      name,
      described({ foundation: z.json() }),
    ]),
  ),
};

/** Secrets of a test: those of the tenant by name, nobody else has any. */
export interface TestSecrets {
  /** Sets a value, as a person would. */
  set(name: string, value: string): Promise<void>;
  readonly values: Map<string, { readonly value: string; readonly version: number }>;
  locked: boolean;
  /** Names that were opened, and for what. */
  readonly opened: { readonly name: string; readonly purpose: JsonObject }[];
}

function createTestSecrets(): TestSecrets & SecretUse {
  const secrets: TestSecrets = { set: () => Promise.resolve(), values: new Map(), locked: false, opened: [] };
  return Object.assign(secrets, {
    async find(tenantId: string, owners: readonly OwnerKey[], name: string): Promise<Secret | undefined> {
      const owner = owners.find(({ kind }) => kind === "tenant");
      const found = secrets.values.get(name);
      if (found === undefined || owner === undefined) return undefined;
      const { version } = found;
      const shown = { kind: "text" as const, size: 1, description: "", expiresAt: null, generation: 1 };
      return { id: name, tenantId, owner, name, version, createdAt: 0, updatedAt: 0, ...shown };
    },
    async open(_principal: unknown, name: string, purpose: JsonObject): Promise<SecretValue> {
      if (secrets.locked) throw new GantryError(SECRETS_LOCKED, "the master key is not there");
      secrets.opened.push({ name, purpose });
      return new SecretValue(name, Buffer.from(secrets.values.get(name)?.value ?? ""));
    },
  });
}

/** @param change, host what differs from the parts of a server, of this world's own */
export async function openForemanWorld(
  change: (parts: ForemanParts) => Partial<ForemanParts> = () => ({}),
  host: Partial<HostParts> = {},
): Promise<ForemanWorld> {
  const database = await openSqlite([...eventMigrations, ...jobMigrations, ...inventoryMigrations, ...migrations]);
  const [log, clock, random] = [silentLogger(), systemClock, systemRandom];
  const tenantId = DEFAULT_TENANT.id;
  const bus = createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random });
  // Sealing itself is shown by the jobs and the secrets.
  const sealer: JobsParts["sealer"] = {
    seal: async (_tenantId, bytes) => Buffer.from(bytes),
    open: async (_tenantId, sealed) => Buffer.from(sealed),
  };
  const jobs = createJobs({ database, bus, events, clock, random, log, language: tscript, sealer });
  const inventory = createInventoryStore({ database, clock, bus });
  const store = createForemanStore(database);
  const renderer = createRenderer({ clock, limits: { threads: 1 } });
  const contents: string[] = [];
  const secrets = createTestSecrets();
  const connected = new Set<string>();
  const executors: TestExecutor[] = [];
  const parts: ForemanParts = {
    database,
    tenantId,
    inventory,
    store,
    jobs: jobs.service,
    events,
    bus,
    clock,
    log,
    secrets,
    foundationRemoved: () => Promise.resolve(),
  };
  const foreman = createForeman({ ...parts, ...change(parts) });
  jobs.registerHost(
    FOREMAN_HOST,
    createForemanHost({
      snapshot: () => inventory.snapshot(tenantId),
      renderer,
      store,
      keepContent(_tenantId, bytes) {
        contents.push(Buffer.from(bytes).toString("utf8"));
        return Promise.resolve({ sha256: String(contents.length) });
      },
      secrets,
      reachWithin: 60_000,
      catalogue: () => foremanCatalogue({ drivers: [LOCAL], agent: AGENT }),
      isSafeToRepeat: (_tenantId, module, name) => (module === "agent" ? AGENT : LOCAL.functions)[name]?.safeToRepeat,
      isUndoable: (_tenantId, module, name) => module === LOCAL.name && LOCAL.functions[name]?.undo !== undefined,
      isConnected: (foundationId) => connected.has(foundationId),
      inventory,
      setConfig: createSetConfig({ inventory, store, events, clock }),
      finished: (tx, job, outcome) => foreman.finished(tx, job, outcome),
      reopened: (tx, job) => foreman.reopened(tx, job),
      ...host,
    }),
  );
  secrets.set = async (name, value) => {
    const version = (secrets.values.get(name)?.version ?? 0) + 1;
    secrets.values.set(name, { value, version });
    const data = { name, version };
    const draft = { tenantId, type: "secret.changed", subject: { kind: "secret", id: name }, data };
    await database.transaction((tx) => events.append(tx, [draft]));
  };
  await jobs.start();
  onTestFinished(async () => {
    await foreman.stop();
    for (const executor of executors) await executor.stop();
    await jobs.stop();
    await renderer.close();
    await bus.close();
  });

  return {
    database,
    inventory,
    jobs,
    foreman,
    starts: createJobStarts({ database, inventory, jobs: jobs.service, events, bus, clock, secrets }),
    contents,
    connected,
    secrets,
    snapshot: () => inventory.snapshot(tenantId),
    serve(module, functions, agentId) {
      const executor = startExecutor({
        tasks: jobs.tasks,
        functions,
        module,
        id: agentId ?? module,
        ...(agentId === undefined ? {} : { agentId }),
      });
      executors.push(executor);
      if (agentId !== undefined) connected.add(agentId);
      return executor;
    },
    reach(isSo) {
      return untilEvents(bus, async () => {
        const snapshot = await inventory.snapshot(tenantId);
        return isSo(snapshot) ? snapshot : undefined;
      });
    },
    async change(kind, name, values) {
      await database.transaction(async (tx) => {
        const snapshot = await inventory.snapshot(tenantId, tx);
        if (kind === "foundation") {
          const row = snapshot.foundations.get(name)!;
          await inventory.write(
            tx,
            tenantId,
            updating({ foundations: [{ ...row, ...values, version: row.version + 1 } as Foundation] }),
          );
        } else {
          const row = snapshot.structures.get(name)!;
          await inventory.write(
            tx,
            tenantId,
            updating({ structures: [{ ...row, ...values, version: row.version + 1 } as Structure] }),
          );
        }
      });
      foreman.wake();
    },
    jobsMade: () => jobs.service.list({ tenantId }, { before: null, limit: 100 }),
    async eventsSeen() {
      const { events: seen } = await events.read({ tenantId, limit: 1000 });
      const own = seen.filter(({ type }) => !type.startsWith("job."));
      return own.map(({ type, data }: Event) => `${type} ${String((data as JsonObject)["name"])}`);
    },
  };
}
