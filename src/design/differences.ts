import {
  hashAnswer,
  hashOf,
  questionText,
  structures,
  writtenVariables,
  type BuildRecord,
  dependencyChanges,
  type DependencyBuild,
  type DependencyData,
  type FoundationBuild,
  type QueryRecord,
  type Resolver,
  type StructureBuild,
  type StructureQuestion,
} from "../inventory/index.ts";
import { canonicalJson, type Json, type JsonObject } from "../kernel/json.ts";
import { listText } from "./decision.ts";
import { change, sameValue } from "./fields.ts";
import type { FieldChange } from "./model.ts";

/** How what something was built with differs from what it would be built with now. */
export interface Difference {
  /** In words, for the reason of an action. */
  readonly reasons: readonly string[];
  readonly fields: readonly FieldChange[];
}

/** The worlds before and after: values are shown where the world before still has what something was built with. */
export interface Worlds {
  readonly before: Resolver;
  readonly after: Resolver;
}

/** What makes a foundation another one: it cannot be brought up to date, only replaced. */
export function foundationReplacement(built: FoundationBuild, now: FoundationBuild): readonly FieldChange[] {
  const fields = [
    different("site", built.site, now.site),
    different("type", built.type, now.type),
    different("complex", built.complex ?? null, now.complex ?? null),
    different("blueprint", built.blueprint, now.blueprint),
    ...differentMembers("attributes", built.attributes, now.attributes),
    // A foundation that nothing stands on any more may keep what it has.
    now.hostname === null ? undefined : different("hostname", built.hostname, now.hostname),
    now.hostname === null ? undefined : different("addresses", built.addresses, now.addresses),
  ];
  return fields.filter((field) => field !== undefined);
}

/** What makes a structure another one. */
export function structureReplacement(
  built: StructureBuild,
  now: Omit<StructureBuild, "queries">,
): readonly FieldChange[] {
  const fields = [
    different("foundation", built.foundation, now.foundation),
    different("blueprint", built.blueprint, now.blueprint),
  ];
  return fields.filter((field) => field !== undefined);
}

/** What makes a dependency another one: what it needs, and where its scripts run. */
export function dependencyReplacement(
  built: DependencyBuild,
  now: DependencyBuild,
  data: Pick<DependencyData, "createScript" | "destroyScript">,
): readonly FieldChange[] {
  return dependencyChanges(built, now, data).map((member) =>
    change(member === "scriptStructure" ? "script_structure" : member, built[member], now[member]),
  );
}

/** Scripts, templates and variables that are not those it was built with. `values` are those before and after, where known. */
export function inputDifference(
  built: BuildRecord,
  now: BuildRecord,
  values: { readonly before: JsonObject; readonly after: JsonObject },
): Difference {
  const scripts = differentHashes("scripts", built.scripts, now.scripts);
  const templates = differentHashes("templates", built.templates, now.templates);
  const variables: FieldChange[] = [];
  for (const name of namesOf(built.variables, now.variables)) {
    if (built.variables[name] === now.variables[name]) continue;
    const before = Object.hasOwn(values.before, name) ? values.before[name] : undefined;
    const known = before !== undefined && hashOf(before) === built.variables[name];
    variables.push(
      change(
        `variables.${name}`,
        known ? before : undefined,
        Object.hasOwn(values.after, name) ? values.after[name] : undefined,
      ),
    );
  }
  const reasons = [
    naming(
      "script",
      scripts.map(({ path }) => path.slice("scripts.".length)),
    ),
    naming(
      "template",
      templates.map(({ path }) => path.slice("templates.".length)),
    ),
    naming(
      "variable",
      variables.map(({ path }) => path.slice("variables.".length)),
    ),
  ].filter((reason) => reason !== undefined);
  return { reasons, fields: [...scripts, ...templates, ...variables] };
}

/** Asks the inventory, and each question only once. */
export interface Asker {
  ask(question: StructureQuestion): { readonly hash: string; readonly names: readonly string[] };
}

export function createAsker(resolver: Resolver): Asker {
  const answers = new Map<string, { hash: string; names: readonly string[] }>();
  return {
    ask(question) {
      const key = canonicalJson(question as JsonObject);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const found = structures(resolver, question);
      const answer = { hash: hashAnswer(found), names: found.map((one) => String(one["name"])) };
      answers.set(key, answer);
      return answer;
    },
  };
}

/**
 * Questions that would be answered otherwise now than when they were asked. `pending`: what is being built asks the world before, so that
 * answer counts and not the recorded one.
 */
export function queryDifference(
  queries: readonly QueryRecord[],
  before: Asker,
  after: Asker,
  pending: boolean,
): Difference {
  const reasons: string[] = [];
  const fields: FieldChange[] = [];
  for (const { question, hash } of queries) {
    const now = after.ask(question);
    const then = before.ask(question);
    if (now.hash === (pending ? then.hash : hash)) continue;
    reasons.push(`${questionText(question)} changed`);
    const known = then.hash === hash || pending;
    // Only the hash of an older answer was kept: who was in it cannot be told.
    const told = known && !sameValue(then.names, now.names);
    fields.push(told ? change(questionText(question), then.names, now.names) : { path: questionText(question) });
  }
  return { reasons, fields };
}

/** The values of a structure's or a foundation's variables, if it is there in a world. */
export function valuesIn(resolver: Resolver, kind: "structure" | "foundation", name: string): JsonObject {
  const things: ReadonlyMap<string, unknown> =
    kind === "structure" ? resolver.world.structures : resolver.world.foundations;
  return things.has(name) ? writtenVariables(resolver[kind](name)) : {};
}

function naming(kind: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${kind}${names.length === 1 ? "" : "s"} ${listText(names)} changed`;
}

function different(path: string, from: Json, to: Json): FieldChange | undefined {
  return sameValue(from, to) ? undefined : change(path, from, to);
}

function differentMembers(path: string, from: JsonObject, to: JsonObject): readonly FieldChange[] {
  return namesOf(from, to)
    .filter((name) => !sameValue(member(from, name), member(to, name)))
    .map((name) => change(`${path}.${name}`, member(from, name), member(to, name)));
}

function differentHashes(
  path: string,
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): readonly FieldChange[] {
  return differentMembers(path, from, to).map(({ path: at, from: before, to: after }) =>
    change(
      at,
      before === undefined ? undefined : { $text: before },
      after === undefined ? undefined : { $text: after },
    ),
  );
}

function namesOf(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function member(values: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
