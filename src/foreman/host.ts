import type { Foundation, InventoryStore, Snapshot, Structure } from "../inventory/index.ts";
import type { Call, Job, JobHost, JobOutcome, Prepared, ValueWrite } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { Renderer } from "../templates/index.ts";
import { ANY_MODULE, type Catalogue } from "../tscript/index.ts";
import { prepareAgentCall } from "./agent-calls.ts";
import { CALL_INVALID, TARGET_GONE } from "./errors.ts";
import { noted } from "./identifiers.ts";
import { prepareInventoryCall } from "./inventory-calls.ts";
import { valueLookup } from "./lookup.ts";
import { hideOf, sceneOf, siteIdOf, variableOpening, type Scene } from "./scene.ts";
import type { SecretUse } from "./secrets.ts";
import type { ServerModule } from "./server-module.ts";
import type { ForemanStore } from "./store.ts";
import { prepareStructureCall, type SetConfig } from "./structure-calls.ts";
import { prepareFoundationCall, prepareWorkerCall } from "./worker-calls.ts";

/** What a script of a blueprint sees, and where its calls go. */
export interface HostParts {
  /** The inventory of a tenant as it is. */
  snapshot(tenantId: Id): Promise<Snapshot>;
  readonly renderer: Renderer;
  readonly store: ForemanStore;
  /** Keeps bytes for agents to fetch, and says what the verb ADD is then told of them. */
  keepContent(tenantId: Id, bytes: Uint8Array): Promise<JsonObject>;
  /** What references in variables stand for. */
  readonly secrets: SecretUse;
  /** Milliseconds an agent may take to connect before a verb for it ends as unreachable. */
  readonly reachWithin: number;
  /** Every module there is, as scripts of a tenant see it. */
  catalogue(tenantId: Id): Catalogue;
  /** Modules that the server answers itself. Left out: none. */
  readonly serverModules?: readonly ServerModule[];
  /** Whether a module's function may run again after a crash; undefined for one that nobody offers. */
  isSafeToRepeat(tenantId: Id, module: string, name: string): boolean | undefined;
  /** Whether a module's function can take back what it did. */
  isUndoable(tenantId: Id, module: string, name: string): boolean;
  /** Whether the agent on a foundation is connected now. */
  isConnected(foundationId: string): boolean;
  /** Which structures the starter of a job may read. Undefined: all. */
  mayRead?(job: Job, snapshot: Snapshot): Promise<((structure: Structure) => boolean) | undefined>;
  /** What scripts note: identifiers of foundations, variables of structures. */
  readonly inventory: Pick<InventoryStore, "snapshot" | "readBuild" | "changeBookkeeping">;
  readonly setConfig: SetConfig;
  /** Applies what a job came to, within the commit that ends it. */
  finished(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  reopened(tx: Transaction, job: Job): Promise<void>;
}

const NOTHING_KNOWN = { functions: {} };

export function createForemanHost(parts: HostParts): JobHost {
  const here = new Map((parts.serverModules ?? []).map((module) => [module.name, module]));

  async function prepare(job: Job, call: Call): Promise<Prepared> {
    const scene = sceneOf(await parts.snapshot(job.tenantId), job);
    const module = call.module ?? "";
    refuseJoin(call);
    if (module === "agent") return prepareAgentCall(parts, job, call, scene);
    // A driver by its own name, for a foundation that is its.
    const type = scene.foundation?.type ?? "";
    if (module === "foundation" || module === type) {
      const own = here.get(type);
      return own === undefined
        ? prepareFoundationCall(parts, job, call, scene)
        : prepareHere(own, parts.secrets, job, call, scene);
    }
    if (module === "structure") return prepareStructureCall(parts.setConfig, job, call, scene);
    if (module === "inventory") return prepareInventoryCall(parts, job, call, scene);
    refuseOther(call);
    const server = here.get(module);
    return server === undefined
      ? prepareWorkerCall(parts, job, call, scene)
      : prepareHere(server, parts.secrets, job, call, scene);
  }

  return {
    async view(job) {
      const scene = sceneOf(await parts.snapshot(job.tenantId), job);
      const catalogue = parts.catalogue(job.tenantId);
      // Who has a module may come yet: the job says so, and waits.
      return { values: valueLookup(scene.values), catalogue: { ...catalogue, [ANY_MODULE]: NOTHING_KNOWN } };
    },
    prepare,
    async write(tx, job, writes) {
      const scene = sceneOf(await parts.inventory.snapshot(job.tenantId, tx), job);
      await note(parts, tx, scene.foundation, writes);
    },
    finished: (tx, job, outcome) => parts.finished(tx, job, outcome),
    reopened: (tx, job) => parts.reopened(tx, job),
  };
}

/** Whoever gets a token to join is an agent of that foundation from then on: only the foreman gives one, for the foundation at hand. */
function refuseJoin({ parameters }: Call): void {
  const given = parameters["join"];
  if (isJsonObject(given) && Object.hasOwn(given, "$join"))
    throw new GantryError(CALL_INVALID, "a script cannot ask for a token to join");
}

/** Drivers do what they are told to a foundation: a script's is its own, which is not for the script to describe. */
function refuseOther({ parameters }: Call): void {
  if (isJsonObject(parameters["foundation"] ?? null))
    throw new GantryError(CALL_INVALID, "a script cannot name another foundation than its own");
}

/** `dhcp.set_pxe( … )`: what the server answers itself. */
async function prepareHere(
  module: ServerModule,
  secrets: SecretUse,
  job: Job,
  call: Call,
  scene: Scene,
): Promise<Prepared> {
  const { snapshot, structure, foundation, values } = scene;
  const opening = variableOpening(secrets, job, call, scene);
  const parameters = (await opening.open(call.parameters)) as JsonObject;
  const siteId = siteIdOf(scene, scene.site) || null;
  const variables = values.config;
  const prepared = await module.prepare({ job, call, parameters, snapshot, siteId, structure, foundation, variables });
  return prepared.kind === "task" ? { kind: "task", task: { ...prepared.task, ...hideOf(opening) } } : prepared;
}

/** What scripts assign: identifiers of the foundation. */
async function note(
  { inventory }: HostParts,
  tx: Transaction,
  foundation: Foundation | undefined,
  writes: readonly ValueWrite[],
): Promise<void> {
  const row = foundation === undefined ? undefined : await inventory.readBuild(tx, "foundation", foundation.id);
  if (row === undefined) throw new GantryError(TARGET_GONE, "the foundation whose identifiers are noted is gone");
  await inventory.changeBookkeeping(tx, row.id, { identifiers: noted(row.identifiers, writes) });
}
