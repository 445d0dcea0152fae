import { join } from "node:path";
import {
  auditRoutes,
  createAccess,
  createAudit,
  createAuditReader,
  createDoor,
  createLogin,
  DEFAULT_TENANT,
  HALF_A_DAY,
  keepTenantNames,
  type Knock,
  type LoginSettings,
  type Principal,
  type Requirement,
  type TenantNames,
  type TokenHash,
  watchAdmission,
} from "../access/index.ts";
import {
  backendRoutes,
  createBackendService,
  createKeeper,
  createMergedInventory,
  openBackend,
} from "../backends/index.ts";
import { createBoot, type Boot } from "../boot/index.ts";
import { changeRoutes, createChangeRuleService, createChangeSetService, refuseDirect } from "../changes/index.ts";
import { forgetVerbs } from "../custom-verbs/index.ts";
import { createDesignService, createDesignStore, designRoutes } from "../design/index.ts";
import { startEmbeddedExecutor, type LinkedExecutor } from "../executor/index.ts";
import { createFleet, type Fleet } from "../fleet/index.ts";
import {
  createForemen,
  createForemanHost,
  createForemanStore,
  createJobStarts,
  createObserver,
  createSetConfig,
  FOREMAN_HOST,
  foremanRoutes,
  jobStartRoutes,
  observedParameters,
  type ServerModule,
  TENANT_GONE,
} from "../foreman/index.ts";
import {
  createSecretOwners,
  once,
  createInventoryStore,
  createMembersService,
  createPlaces,
  createHistory,
  INVENTORY_SUBJECT,
  historyRoutes,
} from "../inventory/index.ts";
import { createJobs, createSeenJobs, jobRoutes } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Module } from "../link/index.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { afterCommit, migrate, openDatabase } from "../platform/database/index.ts";
import { createEventStream } from "../platform/events/index.ts";
import {
  type CertificateKeeper,
  createHttpServer,
  type HttpServer,
  type RateLimits,
  type RequestCredentials,
} from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { createMetrics } from "../platform/metrics/index.ts";
import { openedSecrets } from "../platform/redaction/index.ts";
import { createQueryService, queryRoutes } from "../query/index.ts";
import { createSecrets, masterKeyInFolder, secretRoutes, type MasterKeySettings } from "../secrets/index.ts";
import { createRenderer } from "../templates/index.ts";
import { createManualModule, createTodoService, todoRoutes } from "../todo/index.ts";
import { check, tscript } from "../tscript/index.ts";
import type { AddressPolicy } from "../webhooks/index.ts";
import { describeAgentFunctions } from "../verbs/index.ts";
import { authorityRoutes } from "./authority-routes.ts";
import { createEventPlaces, createEventSight } from "./event-places.ts";
import { eventRoutes } from "./event-routes.ts";
import { composeBlueprints } from "./blueprints.ts";
import { composeCustomVerbs } from "./custom-verbs.ts";
import { composeMachines, forgetMachines } from "./machines.ts";
import { composeInventory } from "./inventory.ts";
import { attributeProblems } from "./known.ts";
import { MIGRATIONS } from "./migrations.ts";
import { composeNames } from "./names.ts";
import { toldToRedactor } from "./opened.ts";
import { agentRuntime } from "./runtime.ts";
import { createScriptModules } from "./script-modules.ts";
import { describedServerModules } from "./server-modules.ts";
import { composeRuns } from "./runs.ts";
import { createStarters } from "./starters.ts";
import { createTargetPlaces, fleetSites, nodePlaces } from "./target-places.ts";
import { composeWebhooks } from "./webhooks.ts";
import { composeUpkeep } from "./upkeep.ts";

/** The rooms, wired together. Nothing listens and nothing runs before `start`. */
export interface Composition {
  readonly http: HttpServer;
  readonly fleet: Fleet;
  /** Who tells machines what they boot gets their keys here. */
  readonly boot: Pick<Boot, "keys">;
  start(options: StartParts): Promise<void>;
  close(): Promise<void>;
}

export interface StartParts {
  /** Where agents and workers reach this server. */
  readonly urls: readonly string[];
  /** The modules of the worker inside. */
  readonly modules: readonly Module[];
  /** Where that worker keeps its journal. */
  readonly workerFolder: string;
}

export interface ComposeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly version: string;
  /** File or URL. */
  readonly database: string;
  /** Absolute path: what a backup takes along. */
  readonly dataFolder: string;
  /** What the server was told, for support. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly administrator: TokenHash;
  /** What HTTPS shows, and whom executors trust. */
  readonly certificates: CertificateKeeper;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** By which agents may join without a token. Left out: none does. */
  readonly sharedKey?: string | undefined;
  /** Whose designs the worker inside the server builds, on the server's own machine. Left out: the default tenant's alone. */
  readonly workerTenants?: "default" | "all";
  /** Milliseconds a node may take to connect before what is meant for it ends as unreachable. */
  readonly reachWithin: number;
  /** Where webhooks may go. Left out: also into private networks, not to this machine. */
  readonly webhookAddresses?: AddressPolicy;
  /** Milliseconds for which events are kept. */
  readonly keepEvents: number;
  /** Milliseconds jobs are kept after they ended; the latest of each target stays. */
  readonly keepJobs: number;
  /** Jobs of the foreman at one time, by type of foundation. Left out: as many as there are. */
  readonly jobLimits?: Readonly<Record<string, number>>;
  /** How often may be asked over HTTPS. Left out: as often as one likes. */
  readonly limits?: RateLimits;
  /** How people log in. Left out: by local passwords alone, for half a day. */
  readonly login?: LoginSettings;
  /** Where the master key of secrets is. Left out: a file in the data folder. */
  readonly masterKey?: MasterKeySettings;
  readonly git: {
    /** Where repositories with the configuration of groups are kept. */
    readonly folder: string;
    /** Whether it may come from paths of this machine. */
    readonly local: boolean;
  };
}

/** Permissions of routes are given by `needs`, so that they are ours. */
function knockOf({ requirement, ...rest }: RequestCredentials): Knock {
  return { ...rest, requirement: requirement as Requirement | undefined };
}

/** The name of the worker inside the server, among the nodes. */
const EMBEDDED_WORKER = "embedded-worker";

/** An executor that was not heard of for so many heartbeats has lost its tasks. */
const MISSED_HEARTBEATS = 6;

/** How often old events are looked for. */
const PRUNE_MILLISECONDS = 60 * 60 * 1000;

export async function compose(parts: ComposeParts): Promise<Composition> {
  const { clock, random, log } = parts;
  const database = await openDatabase(parts.database, { clock, log });
  try {
    await migrate(database, MIGRATIONS, clock);
  } catch (error) {
    await database.close();
    throw error;
  }
  const bus = createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random });
  const audit = createAudit({ database, clock, bus });
  const metrics = createMetrics();
  const renderer = createRenderer({ clock });
  const jobs = createJobs({
    database,
    bus,
    events,
    clock,
    random,
    log,
    language: tscript,
    sealer: {
      seal: (...parameters) => secrets.sealer.seal(...parameters),
      open: (...parameters) => secrets.sealer.open(...parameters),
    },
    taskLease: parts.heartbeat * MISSED_HEARTBEATS,
    mayGoOn: (job) => starters.mayGoOn(job),
  });
  const inventory = createInventoryStore({ database, clock, bus });
  const members = createMembersService({
    database,
    inventory,
    served: (tenantId) => merged.served(tenantId),
    events,
    bus,
    clock,
    random,
  });
  const tenantNames: TenantNames = {
    find: (idOrName) => tenants.find(idOrName),
    unknown: (idOrName) => tenants.unknown(idOrName),
  };
  const places = createPlaces(inventory);
  const access = createAccess({ database, audit, bus, clock, random, log, places, tenants: tenantNames });
  const login = createLogin({
    database,
    access,
    audit,
    tenants: tenantNames,
    clock,
    random,
    log,
    settings: parts.login ?? { session: HALF_A_DAY },
  });
  const door = createDoor({
    administrator: parts.administrator,
    structures: members,
    accounts: access.holders,
    machines: { holder: (key) => boot.machines.holder(key) },
    tenants: keepTenantNames(tenantNames, { clock, bus, subject: INVENTORY_SUBJECT, changes: access.changes }),
  });
  const http = await createHttpServer<Principal>({
    log,
    version: parts.version,
    authenticate: (credentials) => door.admit(knockOf(credentials)),
    watch: (principal, credentials, ended) =>
      watchAdmission({ door, holders: access.holders }, principal, knockOf(credentials), ended),
    ready: () => inventory.snapshot(DEFAULT_TENANT.id).then(() => true),
    details: () => ({ secrets: secrets.state().state }),
    metrics,
    ...(parts.limits === undefined ? {} : { limits: parts.limits }),
  });
  const secrets = createSecrets({
    database,
    events,
    audit,
    owners: createSecretOwners({ database, inventory }),
    once,
    settings: parts.masterKey ?? masterKeyInFolder(parts.dataFolder),
    clock,
    random,
    log,
  });
  const secretUse = toldToRedactor(secrets.service, openedSecrets);
  secretRoutes(http, secretUse, secrets.keys);
  const keeper = createKeeper({
    database,
    inventory,
    events,
    bus,
    clock,
    log,
    open: (backend) => openBackend(backend, clock),
  });
  // What is only read sees what is kept elsewhere as well; who builds or writes sees the database alone.
  const merged = createMergedInventory(inventory, keeper);
  backendRoutes(http, createBackendService({ database, events, clock, random, keeper, merged }), keeper);
  const placesOf = nodePlaces(inventory);
  const siteNamed = async (tenantId: Id, name: string): Promise<Id | undefined> =>
    (await inventory.snapshot(tenantId)).sites.get(name)?.id;
  const fleet = createFleet({
    database,
    tasks: jobs.tasks,
    events,
    audit,
    clock,
    random,
    log,
    certificates: () => parts.certificates.current,
    heartbeat: parts.heartbeat,
    sharedKey: parts.sharedKey,
    runtime: agentRuntime,
    // Several servers share a PostgreSQL: there everything is in it.
    ...(database.dialect === "sqlite" && { contentFolder: join(parts.dataFolder, "content") }),
    placesOf,
    sites: fleetSites(inventory),
  });

  jobs.watchWorkers({
    isServed: (tenantId, siteId, module) => fleet.isServed(tenantId, siteId, module),
    siteName: async (tenantId, siteId) =>
      [...(await inventory.snapshot(tenantId)).sites.values()].find(({ id }) => id === siteId)?.name,
  });

  const targetPlaces = createTargetPlaces(inventory, fleet);
  const starters = createStarters(database, access.holders, targetPlaces);

  const agent = describeAgentFunctions();
  const scriptModules = createScriptModules(fleet, describedServerModules());

  const reporting = {
    database,
    events,
    audit,
    clock,
    random,
    log,
    secrets: secretUse,
    sealer: secrets.sealer,
    outside: jobs.outside,
    snapshot: (tenantId: Id) => inventory.snapshot(tenantId),
  };
  const boot = createBoot({ ...reporting, renderer });
  boot.mount(http);
  const placeOfEvent = createEventPlaces(inventory, targetPlaces, fleet, placesOf);
  let urls: readonly string[] = [];
  const webhooks = composeWebhooks({
    ...reporting,
    version: parts.version,
    places: targetPlaces,
    policy: parts.webhookAddresses ?? "private",
    url: () => urls[0] ?? "https://localhost",
    holders: access.holders,
    placeOfEvent,
  });
  webhooks.mount(http);
  /** Modules of scripts that the server answers itself; `server-modules.ts` describes them. */
  const serverModules: readonly ServerModule[] = [...boot.modules, createManualModule(), webhooks.module];

  const store = createForemanStore(database);
  const foremen = createForemen({
    database,
    tenants: async () => (await tenants.all()).map(({ id }) => id),
    written: INVENTORY_SUBJECT,
    inventory,
    store,
    jobs: jobs.service,
    events,
    bus,
    clock,
    log,
    secrets: secretUse,
    starterOf: starters.ofRow,
    ...(parts.jobLimits && { driverLimits: parts.jobLimits }),
    // The key of an agent is worth nothing once its machine is gone.
    foundationRemoved: async (tx, foundationId) => {
      await fleet.remove(tx, { foundationId });
      await boot.foundationRemoved(tx, foundationId);
    },
  });
  jobs.registerHost(
    FOREMAN_HOST,
    createForemanHost({
      snapshot: (tenantId) => inventory.snapshot(tenantId),
      renderer,
      store,
      keepContent: async (tenantId, bytes) => ({ sha256: await fleet.content.put(tenantId, bytes) }),
      secrets: secretUse,
      reachWithin: parts.reachWithin,
      catalogue: scriptModules.catalogue,
      isSafeToRepeat: scriptModules.isSafeToRepeat,
      isUndoable: scriptModules.isUndoable,
      isConnected: (foundationId) => fleet.isConnected(foundationId),
      mayRead: starters.mayRead,
      inventory,
      setConfig: createSetConfig({ inventory, store, events, clock }),
      serverModules,
      finished: async (tx, job, outcome) => {
        await boot.jobEnded(tx, job.id, outcome.status);
        await foremen.finished(tx, job, outcome);
      },
      reopened: async (tx, job) => {
        await boot.jobReopened(tx, job.id);
        await foremen.reopened(tx, job);
      },
    }),
  );
  const observer = createObserver({
    asker: fleet,
    siteId: siteNamed,
    parametersOf: observedParameters(inventory, secretUse),
    withAgents: async (tenantId) =>
      new Set((await fleet.agents(tenantId)).flatMap(({ foundationId }) => foundationId ?? [])),
    clock,
  });
  const designs = createDesignService({
    database,
    inventory,
    store: createDesignStore({ clock, random }),
    observer,
    events,
    bus,
    clock,
    random,
    directWrites: refuseDirect,
    known: (tenantId) => ({ ...scriptModules.known(tenantId), attributeProblems }),
  });
  const customVerbs = composeCustomVerbs(http, {
    database,
    events,
    clock,
    random,
    fleet,
    certificates: parts.certificates,
  });
  const runs = composeRuns(http, {
    customVerbs,
    database,
    jobs,
    events,
    inventory,
    fleet,
    bus,
    clock,
    random,
    log,
    secrets: secretUse,
    holders: access.holders,
    placesOf,
    agent,
    reachWithin: parts.reachWithin,
  });

  const { editParts, tenants, exporter } = composeInventory(http, {
    database,
    inventory,
    merged,
    keeper,
    events,
    bus,
    clock,
    random,
    members,
    scriptProblems: (text, file, tenantId) => check(text, file, scriptModules.catalogue(tenantId)),
    place: parts.database,
    git: parts.git,
    async tenantRemoved(tx, tenantId) {
      afterCommit(tx, TENANT_GONE, () => bus.publish(TENANT_GONE, tenantId));
      await boot.tenantRemoved(tx, tenantId);
      await forgetMachines(tx, tenantId);
      await webhooks.tenantRemoved(tx, tenantId);
      await forgetVerbs(tx, tenantId);
      await access.tenantRemoved(tx, tenantId);
    },
  });
  access.mount(http);
  login.mount(http);
  designRoutes(http, designs);
  composeMachines(http, { ...editParts, inventory }, parts.certificates);
  composeBlueprints(http, { ...editParts, inventory }, boot.profiles, scriptModules.known);
  changeRoutes(
    http,
    createChangeSetService({ ...editParts, inventory, designs, audit }),
    createChangeRuleService({ database, inventory, events, audit }),
  );
  foremanRoutes(http, {
    designs,
    inventory,
    jobs: jobs.service,
    clock,
    ...(parts.jobLimits && { driverLimits: parts.jobLimits }),
  });
  jobStartRoutes(
    http,
    createJobStarts({ database, inventory, jobs: jobs.service, events, bus, clock, secrets: secretUse }),
  );
  jobRoutes(http.app, jobs.service, targetPlaces, clock);
  const seenJobs = createSeenJobs(jobs.service, targetPlaces);
  todoRoutes(http, createTodoService({ database, jobs: seenJobs, outside: jobs.outside, inventory }));
  eventRoutes(http, events, clock, createEventSight(placeOfEvent));
  auditRoutes(http, { audit, reader: createAuditReader({ database, audit, bus, clock }) });
  historyRoutes(http, createHistory({ database, inventory }));
  queryRoutes(http, createQueryService(merged.store, observer));
  authorityRoutes(http, parts.certificates, fleet, audit);
  fleet.mount(http);
  const upkeep = composeUpkeep(http, {
    ...parts,
    database,
    place: parts.database,
    audit,
    ready: () => inventory.snapshot(DEFAULT_TENANT.id).then(() => true),
    metrics: () => metrics.text(),
  });
  const names = composeNames({
    http,
    database,
    inventory: { snapshot: (tenantId) => merged.named(tenantId) },
    events,
    bus,
    clock,
    random,
    log,
  });

  let worker: LinkedExecutor | undefined;
  let cancelPrune = (): void => {};
  function prune(): void {
    cancelPrune = clock.after(PRUNE_MILLISECONDS, prune);
    jobs
      .prune(clock.now() - parts.keepJobs)
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "removing old jobs failed"));
    runs
      .prune(clock.now() - parts.keepJobs)
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "removing old runs failed"));
    webhooks
      .prune(clock.now() - parts.keepEvents)
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "removing old dead letters failed"));
    events
      .prune(clock.now() - parts.keepEvents)
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "removing old events failed"));
  }

  return {
    http,
    fleet,
    boot,
    async start(options) {
      await fleet.start({ urls: options.urls });
      worker = await startEmbeddedExecutor({
        state: options.workerFolder,
        link: await fleet.embed({
          tenantId: DEFAULT_TENANT.id,
          kind: "worker",
          name: EMBEDDED_WORKER,
          siteId: null,
          everyTenant: parts.workerTenants === "all",
        }),
        content: (sha256, from) => fleet.content.read(sha256, from),
        modules: async () => options.modules,
        facts: async () => ({}),
        version: parts.version,
        clock,
        random,
        log,
      });
      await secrets.start();
      await keeper.start();
      await jobs.start();
      runs.start();
      await foremen.start();
      boot.start();
      urls = options.urls;
      await webhooks.start();
      names.start();
      prune();
    },
    async close() {
      cancelPrune();
      await keeper.stop();
      await names.stop();
      await foremen.stop();
      await runs.stop();
      await webhooks.stop();
      await boot.stop();
      await worker?.stop();
      await jobs.stop();
      await fleet.close();
      await http.close();
      await login.close();
      await access.close();
      await exporter.close();
      await upkeep.close();
      await secrets.stop();
      await renderer.close();
      await bus.close();
      await database.close();
    },
  };
}
