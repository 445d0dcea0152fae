import { findTemplate, placeInOrigin } from "../blueprints/index.ts";
import {
  createResolver,
  isMade,
  occupants,
  questionOf,
  recordQuery,
  secretOwnersOf,
  structures,
  type Foundation,
  type Resolver,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Call, Job, JobHost, JobOutcome, Prepared, TaskDraft } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { Renderer } from "../templates/index.ts";
import type { Catalogue, ValueLookup } from "../tscript/index.ts";
import { createOpening, refuseStaying, type Opening, type SecretUse } from "./secrets.ts";
import { CALL_INVALID, NO_AGENT_HERE, TEMPLATE_UNKNOWN } from "./errors.ts";
import type { ServerModule } from "./server-module.ts";
import type { ForemanStore } from "./store.ts";
import { verbTimeout } from "./timeout.ts";
import {
  foundationParameters,
  foundationValues,
  structuresOn,
  structureValues,
  templateValues,
  worldAsBuilt,
  type ScriptValues,
} from "./values.ts";

/** What a script of a blueprint sees, and where its calls go. */
export interface HostParts {
  /** The inventory of a tenant as it is. */
  snapshot(tenantId: Id): Promise<Snapshot>;
  readonly renderer: Renderer;
  readonly store: ForemanStore;
  /** Keeps bytes for agents to fetch, and says what the verb ADD is then told of them. */
  keepContent(bytes: Uint8Array): Promise<JsonObject>;
  /** What references in variables stand for. */
  readonly secrets: SecretUse;
  /** Milliseconds an agent may take to connect before a verb for it ends as unreachable. */
  readonly reachWithin: number;
  /** Every module there is, as scripts see it. */
  catalogue(): Catalogue;
  /** Modules that the server answers itself. Left out: none. */
  readonly serverModules?: readonly ServerModule[];
  /** Whether a module's function may run again after a crash; undefined for one that nobody offers. */
  isSafeToRepeat(module: string, name: string): boolean | undefined;
  /** Whether the agent on a foundation is connected now. */
  isConnected(foundationId: string): boolean;
  /** Which structures the starter of a job may read. Undefined: all. */
  mayRead?(job: Job, snapshot: Snapshot): Promise<((structure: Structure) => boolean) | undefined>;
  /** Applies what a job came to, within the commit that ends it. */
  finished(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  reopened(tx: Transaction, job: Job): Promise<void>;
}

/** Characters of a file with secrets: it travels in the message itself, and is kept nowhere on the way. */
const LONGEST_FILE = 256 * 1024;

/** Milliseconds a driver's function may take. */
const DRIVER_MILLISECONDS = 10 * 60 * 1000;

/** Functions of a driver that start a machine: its agent may have to join, so they are given a token for it. */
const GIVEN_JOIN: readonly string[] = ["create", "power_on"];

/** A failed driver call that may be repeated is repeated: an engine restarts, a network hiccups. */
const DRIVER_RETRY = { times: 3, backoff: 1000 } as const;

interface Scene {
  readonly snapshot: Snapshot;
  readonly resolver: Resolver;
  readonly blueprint: string;
  readonly structure: Structure | undefined;
  readonly foundation: Foundation | undefined;
  readonly values: ScriptValues;
}

export function createForemanHost(parts: HostParts): JobHost {
  async function sceneOf(job: Job): Promise<Scene> {
    const { kind, name } = job.target;
    const now = await parts.snapshot(job.tenantId);
    const snapshot =
      job.context["role"] === "destroy" && (kind === "structure" || kind === "foundation")
        ? worldAsBuilt(now, { kind, name })
        : now;
    const resolver = createResolver(snapshot);
    if (kind === "structure") {
      const structure = snapshot.structures.get(name);
      if (structure?.id !== job.target.id || !isMade(structure))
        throw new GantryError(NO_AGENT_HERE, `the structure ${name} is gone`);
      const foundation = snapshot.foundations.get(structure.foundation);
      const values = structureValues(
        snapshot,
        structure,
        foundation,
        resolver.structure(structure.name).values as JsonObject,
      );
      return { snapshot, resolver, blueprint: structure.blueprint, structure, foundation, values };
    }
    const foundation = snapshot.foundations.get(name);
    if (foundation?.id !== job.target.id) throw new GantryError(NO_AGENT_HERE, `the foundation ${name} is gone`);
    const values = foundationValues(
      snapshot,
      foundation,
      structuresOn(snapshot, foundation.name),
      resolver.foundation(foundation.name).values as JsonObject,
    );
    const structure = occupants(snapshot.structures.values()).get(foundation.name);
    return { snapshot, resolver, blueprint: foundation.blueprint, structure, foundation, values };
  }

  function openingOf(job: Job, call: Call, { snapshot, structure, foundation, values }: Scene): Opening {
    const target =
      job.target.kind === "structure" && structure !== undefined
        ? ({ kind: "structure", row: structure } as const)
        : foundation === undefined
          ? undefined
          : ({ kind: "foundation", row: foundation } as const);
    const owners = target === undefined ? [] : secretOwnersOf(snapshot, target);
    return createOpening({ secrets: parts.secrets, job, call, owners, variables: values.config });
  }

  async function prepareAgentCall(job: Job, call: Call, scene: Scene): Promise<Prepared> {
    if (scene.foundation === undefined)
      throw new GantryError(NO_AGENT_HERE, `${job.target.name} stands on no foundation`);
    // A machine that is taken away with all that is on it is not asked to tidy up first when nobody is there to do it.
    const goes = scene.foundation.wanted === "absent" || scene.foundation.rebuild;
    if (job.context["role"] === "destroy" && goes && !parts.isConnected(scene.foundation.id))
      return { kind: "value", value: null };
    const opening = openingOf(job, call, scene);
    const parameters = await agentParameters(call, scene, opening);
    if (opening.opened.length > 0) refuseStaying(call);
    if (call.function === "service" && job.target.kind === "structure") await keepService(job, parameters);
    return {
      kind: "task",
      task: {
        module: "agent",
        function: call.function,
        parameters,
        // A node's agent is known by the foundation it runs on, also before it has joined.
        route: { agentId: scene.foundation.id },
        ...hideOf(opening),
        timeout: verbTimeout(parameters),
        reachWithin: parts.reachWithin,
        safeToRepeat: parts.isSafeToRepeat("agent", call.function) ?? false,
      },
    };
  }

  /** What is left on the machine is looked for by every later plan. What does not fit is left to the verb, which says so. */
  async function keepService(job: Job, { name, state }: JsonObject): Promise<void> {
    if (typeof name !== "string") return;
    await parts.store.keepService(job.id, name, state === "absent" || state === "stopped" ? state : "started");
  }

  /** `template=` and `content=` become content the agent fetches; the rest goes to the verb as it is. */
  async function agentParameters(call: Call, scene: Scene, opening: Opening): Promise<JsonObject> {
    if (call.function !== "add" && call.function !== "copy") return (await opening.open(call.parameters)) as JsonObject;
    const { template, content, values, ...rest } = call.parameters;
    if (template === undefined && content === undefined) {
      throw new GantryError(CALL_INVALID, `agent.${call.function} needs 'template' or 'content'`);
    }
    if (template !== undefined && content !== undefined) {
      throw new GantryError(CALL_INVALID, `agent.${call.function} takes 'template' or 'content', not both`);
    }
    const others = (await opening.open(rest)) as JsonObject;
    const text =
      template === undefined
        ? textOf(await opening.open(content ?? null), "content")
        : await rendered(textOf(template, "template"), values, scene, opening);
    if (opening.opened.length === 0) return { ...others, ...(await parts.keepContent(Buffer.from(text, "utf8"))) };
    if (text.length > LONGEST_FILE)
      throw new GantryError(
        CALL_INVALID,
        `a file with secrets may have ${LONGEST_FILE} characters, not ${text.length}`,
      );
    return { ...others, text };
  }

  async function rendered(name: string, values: Json | undefined, scene: Scene, opening: Opening): Promise<string> {
    const template = findTemplate(scene.snapshot.blueprints, scene.blueprint, name);
    if (template === undefined) {
      const near = nearest(name, templateNames(scene));
      throw new GantryError(
        TEMPLATE_UNKNOWN,
        `the blueprint ${scene.blueprint} has no template '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
      );
    }
    const given = values === undefined ? {} : values;
    if (typeof given !== "object" || given === null || Array.isArray(given))
      throw new GantryError(CALL_INVALID, "'values' of a template must be a map");
    const place = placeInOrigin(template.origin, 1);
    return parts.renderer.render({
      name: place.file,
      text: template.text,
      values: await opening.openNamed(templateValues(scene.values, given as JsonObject), template.text),
      mode: "strict",
      firstLine: place.line ?? 1,
    });
  }

  async function prepareFoundationCall(job: Job, call: Call, scene: Scene): Promise<Prepared> {
    const { foundation } = scene;
    if (foundation === undefined) throw new GantryError(NO_AGENT_HERE, `${job.target.name} stands on no foundation`);
    const siteId = scene.snapshot.sites.get(foundation.site)?.id ?? "";
    const module = foundation.type;
    const facts = foundationParameters(
      foundation,
      structuresOn(scene.snapshot, foundation.name),
      job.context["role"] === "destroy",
    );
    const safeToRepeat = parts.isSafeToRepeat(module, call.function) ?? true;
    const opening = openingOf(job, call, scene);
    const parameters = (await opening.open(call.parameters)) as JsonObject;
    return {
      kind: "task",
      task: {
        module,
        function: call.function,
        parameters: {
          ...parameters,
          foundation: facts,
          // The token is minted when the task is sent, and is in no table and no log.
          ...(GIVEN_JOIN.includes(call.function) ? { join: { $join: foundation.id } } : {}),
        },
        ...hideOf(opening),
        route: { siteId },
        timeout: DRIVER_MILLISECONDS,
        safeToRepeat,
        ...(safeToRepeat ? { retry: DRIVER_RETRY } : {}),
      },
    };
  }

  async function prepareInventoryCall(job: Job, call: Call, scene: Scene): Promise<Prepared> {
    if (call.function !== "structures")
      throw new GantryError(CALL_INVALID, `there is no function inventory.${call.function}`);
    const question = questionOf(call.parameters);
    if (typeof question === "string") throw new GantryError(CALL_INVALID, question);
    const answer = structures(scene.resolver, question);
    // The whole answer is what may change: whether it did is nobody's to see.
    await parts.store.keepQuestion(job.id, recordQuery(question, answer));
    const mayRead = await parts.mayRead?.(job, scene.snapshot);
    const shown =
      mayRead === undefined
        ? answer
        : answer.filter(({ name }) => mayRead(scene.snapshot.structures.get(String(name)) as Structure));
    return { kind: "value", value: shown as Json };
  }

  async function prepareHere(module: ServerModule, job: Job, call: Call, scene: Scene): Promise<Prepared> {
    const { snapshot, structure, foundation, values } = scene;
    const opening = openingOf(job, call, scene);
    const parameters = (await opening.open(call.parameters)) as JsonObject;
    const siteId = snapshot.sites.get(structure?.site ?? foundation?.site ?? "")?.id ?? null;
    const prepared = await module.prepare({
      job,
      call,
      parameters,
      snapshot,
      siteId,
      structure,
      foundation,
      variables: values.config,
    });
    return prepared.kind === "task" ? { kind: "task", task: { ...prepared.task, ...hideOf(opening) } } : prepared;
  }

  return {
    async view(job) {
      const scene = await sceneOf(job);
      return { values: lookup(scene.values), catalogue: parts.catalogue() };
    },
    async prepare(job, call) {
      const scene = await sceneOf(job);
      if (call.module === "agent") return prepareAgentCall(job, call, scene);
      if (call.module === "foundation") return prepareFoundationCall(job, call, scene);
      if (call.module === "inventory") return prepareInventoryCall(job, call, scene);
      const here = parts.serverModules?.find(({ name }) => name === call.module);
      if (here !== undefined) return prepareHere(here, job, call, scene);
      const siteId = scene.snapshot.sites.get(scene.structure?.site ?? scene.foundation?.site ?? "")?.id ?? "";
      const opening = openingOf(job, call, scene);
      const parameters = await opening.open(call.parameters);
      return {
        kind: "task",
        task: {
          module: call.module ?? "",
          function: call.function,
          parameters,
          ...hideOf(opening),
          route: { siteId },
          timeout: DRIVER_MILLISECONDS,
          safeToRepeat: parts.isSafeToRepeat(call.module ?? "", call.function) ?? false,
        },
      };
    },
    finished: (tx, job, outcome) => parts.finished(tx, job, outcome),
    reopened: (tx, job) => parts.reopened(tx, job),
  };
}

function hideOf({ opened }: Opening): Pick<TaskDraft, "hide"> {
  return opened.length === 0 ? {} : { hide: opened };
}

/** `config.x`, `structure.x`, `foundation.x`: read only; what a script wants kept it gives to a verb. */
function lookup(values: ScriptValues): ValueLookup {
  const modules: Readonly<Record<string, JsonObject | null>> = {
    config: values.config,
    structure: values.structure,
    foundation: values.foundation,
  };
  return (module, name) => {
    const members = Object.hasOwn(modules, module) ? modules[module] : undefined;
    if (members === undefined || members === null) return { found: false, moduleKnown: false };
    if (!Object.hasOwn(members, name)) return { found: false, moduleKnown: true };
    return { found: true, value: members[name] as Json, access: "r" };
  };
}

function templateNames(scene: Scene): readonly string[] {
  return [...scene.snapshot.blueprints.values()].flatMap((blueprint) => Object.keys(blueprint.templates));
}

function textOf(value: Json | undefined, name: string): string {
  if (typeof value !== "string") throw new GantryError(CALL_INVALID, `'${name}' must be a text`);
  return value;
}
