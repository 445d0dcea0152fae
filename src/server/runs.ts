import type { Holders, Principal } from "../access/index.ts";
import type { CustomVerbService } from "../custom-verbs/index.ts";
import { contentNames, type Fleet, holderOf } from "../fleet/index.ts";
import type { SecretUse } from "../foreman/index.ts";
import {
  createResolver,
  indexesOf,
  knownTo,
  lineageOf,
  parseVariableQuery,
  placeOf,
  sameJson,
  siteChain,
  valueAtPath,
  type InventoryStore,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Jobs } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import {
  createCoordinator,
  createRunHost,
  createRunService,
  RUN_CALL_INVALID,
  RUN_HOST,
  runRoutes,
  type Coordinator,
  type JobLine,
  type LineMeaning,
  type Node,
  type NodeFacts,
  type RunParts,
  type VerbCall,
} from "../runs/index.ts";
import { type KnownVerb, parseCustomVerb, parseVerb, type describeAgentFunctions, VERB_NAMES } from "../verbs/index.ts";
import { createRunValues } from "./run-values.ts";
import type { nodePlaces } from "./target-places.ts";

export interface RunsParts extends Omit<RunParts, "jobs" | "nodes" | "world" | "meanings" | "share" | "coordinator"> {
  readonly jobs: Jobs;
  readonly fleet: Pick<Fleet, "agents" | "content" | "isConnected" | "node">;
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly secrets: SecretUse;
  readonly holders: Pick<Holders, "starter">;
  /** What an agent does, by the name of the verb. */
  readonly agent: ReturnType<typeof describeAgentFunctions>;
  readonly placesOf: ReturnType<typeof nodePlaces>;
  readonly customVerbs: Pick<CustomVerbService, "known">;
  readonly log: Logger;
  /** Milliseconds a node may take to connect. */
  readonly reachWithin: number;
}

/** Verbs on many nodes. */
export function composeRuns(http: HttpServer, parts: RunsParts): Coordinator {
  const { jobs, fleet, agent, placesOf } = parts;
  const coordinator = createCoordinator({
    ...parts,
    jobs: jobs.service,
    async isAway(tenantId, { agentId, name }) {
      if (fleet.isConnected(agentId)) return false;
      const known = await fleet.agents(tenantId, [name]);
      // One that was forgotten does not come back.
      return !known.some((one) => one.agentId === agentId) || (await fleet.node(tenantId, name)).state === "away";
    },
  });
  jobs.registerHost(
    RUN_HOST,
    createRunHost({
      reachWithin: parts.reachWithin,
      isSafeToRepeat: (name) => agent[name]?.safeToRepeat ?? false,
      survivesRestart: (name) => agent[name]?.survivesRestart ?? false,
      definition: coordinator.definition,
      variables: createRunValues(parts),
      ended: coordinator.ended,
      reopened: coordinator.reopened,
    }),
  );
  const runs = createRunService({
    ...parts,
    jobs: jobs.service,
    coordinator,
    async nodes(tenantId, names) {
      const [agents, placeOfNode] = await Promise.all([fleet.agents(tenantId, names), placesOf(tenantId)]);
      return agents.map((one) => ({ agentId: one.agentId, name: one.name, place: placeOfNode(one) }));
    },
    async world(principal, nodes) {
      const [snapshot, agents] = await Promise.all([
        parts.inventory.snapshot(principal.tenantId),
        fleet.agents(principal.tenantId),
      ]);
      const standing = new Map(agents.map((one) => [one.agentId, one]));
      return targetWorld(
        principal,
        snapshot,
        nodes.map((node) => ({ ...node, ...(standing.get(node.agentId) ?? { foundationId: null, siteId: null }) })),
      );
    },
    async meanings({ tenantId, accountId }, lines) {
      const sent = lines.flatMap(({ contents = [] }) => contents.flatMap(({ sha256 }) => sha256 ?? []));
      const strange = new Set(await fleet.content.strange(tenantId, holderOf(accountId), [...new Set(sent)]));
      const foreign = lines.flatMap(({ verb }) => (VERB_NAMES.includes(verb.toUpperCase()) ? [] : [verb]));
      const own = await parts.customVerbs.known(tenantId, foreign);
      return (line) => meaningOf(agent, line, own.get(line.verb.toUpperCase()), strange);
    },
    share: ({ tenantId, accountId }, calls) =>
      fleet.content.share(tenantId, holderOf(accountId), contentNames(calls.map(({ parameters }) => parameters))),
  });
  runRoutes(http, runs);
  return coordinator;
}

interface StandingNode extends Node {
  readonly foundationId: Id | null;
  readonly siteId: Id | null;
}

/** What targets may ask of nodes, from the inventory: what somebody may not read there is not there, and is in no hint. */
export function targetWorld(
  principal: Principal,
  snapshot: Snapshot,
  nodes: readonly StandingNode[],
): Awaited<ReturnType<RunParts["world"]>> {
  const { byId } = indexesOf(snapshot);
  const knows = knownTo(principal, snapshot) ?? (() => true);
  const seen = [...snapshot.structures.values()].filter((one) => knows("structure", one));
  const onFoundation = Map.groupBy(seen, (one) => one.foundation ?? "");
  const standing = new Map(nodes.map((node) => [node.name, standingAt(node)]));
  function standingAt({ foundationId }: StandingNode) {
    const found = snapshot.foundations.get(byId("foundations", foundationId ?? "") ?? "");
    const structures = found === undefined ? [] : (onFoundation.get(found.name) ?? []);
    return { foundation: found !== undefined && knows("foundation", found) ? found : undefined, structures };
  }
  function factsOf(node: StandingNode): NodeFacts {
    const { foundation, structures } = standing.get(node.name)!;
    const own = snapshot.sites.get(byId("sites", node.siteId ?? "") ?? "")?.name ?? null;
    const sites = [foundation?.site ?? own, ...structures.map(({ site }) => site)].flatMap((site) =>
      site === null ? [] : siteChain(snapshot, site),
    );
    const groups = structures.flatMap((one) => placeOf(snapshot, "structure", one).groups);
    const made = [...structures, ...(foundation === undefined ? [] : [foundation])];
    return {
      name: node.name,
      groups: groups.flatMap((id) => byId("groups", id) ?? []),
      sites,
      labels: Object.assign({}, ...made.map(({ labels }) => labels).reverse()) as Record<string, string>,
      blueprints: made.flatMap((one) => lineageOf(snapshot, one).map(({ name }) => name)),
    };
  }
  let resolver: ReturnType<typeof createResolver> | undefined;
  function namesOf(
    kind: "group" | "site" | "blueprint",
    rows: Snapshot["groups" | "sites" | "blueprints"],
  ): readonly string[] {
    return [...rows.values()].flatMap((row) => (knows(kind, row) ? [row.name] : []));
  }
  const facts = nodes.map(factsOf);
  return {
    nodes: facts,
    groups: namesOf("group", snapshot.groups),
    sites: [...new Set([...namesOf("site", snapshot.sites), ...facts.flatMap(({ sites }) => sites)])],
    blueprints: namesOf("blueprint", snapshot.blueprints),
    variables(question) {
      const { path, value } = parseVariableQuery(question.replace("=", ":"));
      resolver ??= createResolver(snapshot);
      const [variable, ...rest] = path;
      const has = ({ name }: Structure): boolean =>
        sameValue(valueAtPath(resolver!.value(name, variable), rest), value);
      return (node) => standing.get(node)!.structures.some(has);
    },
  };
}

function sameValue(found: Json | undefined, wanted: Json): boolean {
  return found !== undefined && sameJson(found, wanted);
}

/** What a verb's text means, as calls of functions of an agent. Errors: those of the verb, `run_call_invalid`. */
function meaningOf(
  agent: RunsParts["agent"],
  line: JobLine,
  own: KnownVerb | undefined,
  strange: ReadonlySet<string>,
): LineMeaning {
  const vars = line.vars as JsonObject | undefined;
  const verb = own === undefined ? parseVerb(line.verb, line.text, vars) : parseCustomVerb(own, line.text, vars);
  const parameters = verb.sources === undefined ? verb.parameters : sentFiles(verb.parameters, line, strange);
  return {
    calls: [
      {
        ...checkedCall(agent, verb.function, vars === undefined ? parameters : { ...parameters, values: vars }),
        ...(own === undefined ? {} : { safeToRepeat: own.manifest.safeToRepeat }),
      },
    ],
    runOnce: verb.runOnce,
    sensitive: verb.parameters["sensitive"] === true,
    ...(verb.barrier === undefined ? {} : { barrier: verb.barrier }),
  };
}

/** One call, however many files it sends: a verb has one result. */
function sentFiles(
  parameters: VerbCall["parameters"],
  { verb, contents }: JobLine,
  strange: ReadonlySet<string>,
): VerbCall["parameters"] {
  if (contents === undefined || contents.length === 0)
    throw new GantryError(RUN_CALL_INVALID, `${verb}: the files it sends are not given (\`contents\`)`);
  const missing = contents.find(({ sha256 }) => sha256 !== undefined && strange.has(sha256));
  if (missing !== undefined)
    throw new GantryError(
      RUN_CALL_INVALID,
      `${verb}: ${missing.name} was not sent by you: bring it first (PUT /v1/content)`,
    );
  const files = contents.map(({ name, sha256, size, mode, folder, link }) => ({
    name,
    mode,
    ...(sha256 === undefined ? {} : { sha256, size }),
    ...(folder === true ? { folder } : {}),
    ...(link === undefined ? {} : { link }),
  }));
  return { ...parameters, files };
}

function checkedCall(agent: RunsParts["agent"], name: string, parameters: VerbCall["parameters"]): VerbCall {
  const known = agent[name];
  if (known === undefined) throw new GantryError(RUN_CALL_INVALID, `there is no verb '${name}'`);
  const checked = known.parameters.strict().safeParse(parameters);
  if (!checked.success)
    throw new GantryError(
      RUN_CALL_INVALID,
      `${name}: ${checked.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`,
    );
  return { function: name, parameters, safeToRepeat: known.safeToRepeat };
}
