import { lineage } from "../blueprints/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { hashOf } from "./hash.ts";
import { isMade, type QueryRecord, type StructureQuestion, type World } from "./model.ts";
import { siteChain, writtenVariables, type Resolver } from "./variables.ts";
import { fqdnOf } from "./zones.ts";

/**
 * `inventory.structures( blueprint=, site=, state= )`: the structures that fit, by name. A blueprint includes those that build upon it,
 * a site the sites below it. What is to go away is left out. Each is a map of name, hostname, fqdn, address (null when it has none),
 * addresses, site, blueprint, state and variables (resolved, without the built-in ones).
 */
export function structures(resolver: Resolver, question: StructureQuestion): readonly JsonObject[] {
  const { world } = resolver;
  const { site, blueprint, state } = question;
  // Sites and blueprints are few, and each is looked at once.
  const isBelow = remembering((name) => site === undefined || siteChain(world, name).includes(site));
  const isUpon = remembering(
    (name) => blueprint === undefined || lineage(world.blueprints, name).some((one) => one.name === blueprint),
  );
  const fitting: Asked[] = [];
  for (const structure of world.structures.values()) {
    if (structure.wanted === "absent" || !isBelow(structure.site)) continue;
    if (state !== undefined && state !== stateOf(structure)) continue;
    if (structure.blueprint === null ? blueprint === undefined : isUpon(structure.blueprint)) fitting.push(structure);
  }
  const found: JsonObject[] = [];
  for (const structure of fitting.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const addresses = structure.addresses.map(({ address }) => address);
    found.push({
      name: structure.name,
      hostname: structure.hostname,
      fqdn: fqdnOf(world, structure),
      address: addresses[0] ?? null,
      addresses,
      site: structure.site,
      blueprint: structure.blueprint,
      state: stateOf(structure),
      variables: writtenVariables(resolver.structure(structure.name)),
    });
  }
  return found;
}

type Asked = World["structures"] extends ReadonlyMap<string, infer Row> ? Row : never;

/** In a world that is only planned everything that is made counts as built: so it will be. */
function stateOf(structure: Asked): NonNullable<Asked["state"]> {
  return structure.state ?? (isMade(structure) ? "built" : "planned");
}

function remembering(holds: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const now = holds(name);
    known.set(name, now);
    return now;
  };
}

/** Remembers a question and what was answered, to find out later whether the answer is still the same. */
export function recordQuery(question: StructureQuestion, answer: readonly JsonObject[]): QueryRecord {
  return { question, hash: hashAnswer(answer) };
}

/** The state of members comes and goes while they are worked on; who they are is what an answer is about. */
export function hashAnswer(answer: readonly JsonObject[]): string {
  return hashOf(answer.map(({ state: _state, ...rest }): Json => rest));
}

/** `members of blueprint web`: a question as a reason names it. */
export function questionText(question: StructureQuestion): string {
  const parts = [
    question.blueprint === undefined ? undefined : `of blueprint ${question.blueprint}`,
    question.site === undefined ? undefined : `in site ${question.site}`,
    question.state === undefined ? undefined : `in state ${question.state}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "structures" : `members ${parts.join(" ")}`;
}

/** The question a script's parameters ask, or what is wrong with them. */
export function questionOf(parameters: JsonObject): StructureQuestion | string {
  for (const name of Object.keys(parameters)) {
    if (name !== "blueprint" && name !== "site" && name !== "state")
      return `inventory.structures has no parameter '${name}'`;
    if (typeof parameters[name] !== "string") return `'${name}' of inventory.structures must be a text`;
  }
  const state = parameters["state"];
  if (state !== undefined && !STATES.includes(state as string))
    return `'state' of inventory.structures must be one of ${STATES.join(", ")}`;
  return parameters as StructureQuestion;
}

const STATES: readonly string[] = ["planned", "building", "built", "failed", "destroying"];
