import type { Id } from "../kernel/ids.ts";
import { GantryError } from "../kernel/errors.ts";
import { sameJson } from "./bounds.ts";
import { indexesOf, type Indexes } from "./indexes.ts";
import type { Snapshot } from "./model.ts";
import { after as placeAfter } from "./sorted-names.ts";
import type { OwnerKind } from "./variable-index-table.ts";
import { valueAtPath, type VariableQuery } from "./variable-path.ts";
import { askedTerms } from "./variable-terms.ts";
import type { Resolver } from "./variables.ts";

/** Kinds that are found by the index of definitions. */
export type SearchedKind = "foundation" | "structure";

/** Where definitions with a term are found. */
export interface Postings {
  /** What has one of the terms, of the kinds that come before this one in the layers. */
  shared(
    terms: readonly number[],
    before: SearchedKind,
  ): Promise<readonly { readonly kind: OwnerKind; readonly name: string }[]>;
  /** Those of the kind that have the term themselves, by name. */
  own(kind: SearchedKind, term: number, after: string | null, limit: number): Promise<readonly string[]>;
}

export interface SearchPage {
  /** Only names behind this one. */
  readonly after: string | null;
  readonly limit: number;
  /** What else must hold. */
  readonly accept?: ((name: string) => boolean) | undefined;
}

export interface SearchResult {
  /** In order; fewer than the limit only when there are no more. */
  readonly names: readonly string[];
  /** What to go on behind; null: there are no more. */
  readonly next: string | null;
}

/** What is looked at before others get their turn. */
const AT_ONCE = 500;
/** Names taken from the sources at once. */
const WINDOW = 2048;
const SMALLEST_WINDOW = 16;

/** Some names in order, and a way to the next ones. */
type Source = (after: string | null, limit: number) => readonly string[] | Promise<readonly string[]>;

/**
 * The structures, or foundations, whose resolved variables have the value at the path, in the order of names. Looks at those that may have it, because
 * somebody whose variables they resolve over says so, and resolves each. What does not resolve does not fit.
 */
export async function searchVariables(
  tenantId: Id,
  resolver: Resolver & { readonly world: Snapshot },
  postings: Postings,
  kind: SearchedKind,
  query: VariableQuery,
  { after, limit, accept }: SearchPage,
): Promise<SearchResult> {
  const sources = await sourcesOf(tenantId, resolver.world, postings, kind, query);
  const names: string[] = [];
  let last = after;
  let looked = 0;
  for (;;) {
    const { candidates, end } = await nextCandidates(sources, last);
    for (const name of candidates) {
      looked += 1;
      if (looked % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      if ((accept === undefined || accept(name)) && fits(resolver, kind, query, name)) {
        if (names.length === limit) return { names, next: names.at(-1) ?? null };
        names.push(name);
      }
      last = name;
    }
    if (end) return { names, next: null };
  }
}

async function sourcesOf(
  tenantId: Id,
  world: Snapshot,
  postings: Postings,
  kind: SearchedKind,
  query: VariableQuery,
): Promise<readonly Source[]> {
  const indexes = indexesOf(world);
  const all = (): readonly Source[] => [listed(indexes.names(kind === "structure" ? "structures" : "foundations"))];
  if (query.path[0].startsWith("_")) {
    const names = builtInNames(indexes, kind, query);
    return names === undefined ? all() : [listed(names)];
  }
  const asked = askedTerms(tenantId, query);
  const terms = asked.value === null ? asked.others : [asked.value, ...asked.others];
  const owners = await postings.shared(terms, kind);
  if (owners.some((one) => one.kind === "tenant")) return all();
  const standing: string[] = [];
  const sources: Source[] = terms.map((term) => (after, limit) => postings.own(kind, term, after, limit));
  for (const { kind: owner, name } of owners) {
    const offered =
      owner === "foundation" ? [name] : owner === "complex" ? indexes.foundations("complex", name) : undefined;
    if (offered !== undefined && kind === "structure")
      for (const one of offered) standing.push(...indexes.structures("foundation", one));
    else if (offered !== undefined) sources.push(listed(offered));
    else {
      const found = below(indexes, kind, owner, name);
      if (found.length > 0) sources.push(listed(found));
    }
  }
  if (standing.length > 0) sources.push(listed([...new Set(standing)].sort()));
  return sources;
}

/** Who resolves over the variables of this owner. */
function below(indexes: Indexes, kind: SearchedKind, owner: OwnerKind, name: string): readonly string[] {
  if (owner === "blueprint" || owner === "site")
    return kind === "structure" ? indexes.structures(owner, name) : indexes.foundations(owner, name);
  return owner === "group" && kind === "structure" ? indexes.structures(owner, name) : [];
}

/** What is built in is defined nowhere: most of it is found by what it was made of. Undefined: it may be any. */
function builtInNames(
  indexes: Indexes,
  kind: SearchedKind,
  { path: [variable], value }: VariableQuery,
): readonly string[] | undefined {
  if (typeof value !== "string") return undefined;
  switch (variable) {
    case "_id":
      return [indexes.byId(kind === "structure" ? "structures" : "foundations", value) ?? ""];
    case "_name":
      return [value];
    case "_site":
      return below(indexes, kind, "site", value);
    case "_blueprint":
      return below(indexes, kind, "blueprint", value);
    case "_foundation":
      return kind === "structure" ? indexes.structures("foundation", value) : [];
    default:
      return undefined;
  }
}

function listed(names: readonly string[]): Source {
  return (after, limit) => {
    const start = placeAfter(names, after);
    return names.slice(start, start + limit);
  };
}

/** The next names of all sources together, as far as each of them has told. */
async function nextCandidates(
  sources: readonly Source[],
  after: string | null,
): Promise<{ readonly candidates: readonly string[]; readonly end: boolean }> {
  const limit = Math.max(SMALLEST_WINDOW, Math.ceil(WINDOW / Math.max(1, sources.length)));
  let horizon: string | undefined;
  const all: (readonly string[])[] = [];
  for (const source of sources) {
    const names = await source(after, limit);
    if (names.length > 0) all.push(names);
    const end = names.at(-1);
    if (names.length === limit && end !== undefined && (horizon === undefined || end < horizon)) horizon = end;
  }
  const found = all.length === 1 ? all[0]! : [...new Set(all.flat())].sort();
  const candidates = horizon === undefined ? found : found.slice(0, placeAfter(found, horizon));
  return { candidates, end: horizon === undefined };
}

function fits(resolver: Resolver, kind: SearchedKind, { path, value }: VariableQuery, name: string): boolean {
  const [variable, ...parts] = path;
  if (!resolver.world[kind === "structure" ? "structures" : "foundations"].has(name)) return false;
  if (kind === "structure" && !sameJson(valueAtPath(resolver.value(name, variable), parts), value)) return false;
  // One variable alone does not show whether the others go together.
  try {
    const values = kind === "structure" ? resolver.values(name) : resolver.foundation(name).values;
    return sameJson(valueAtPath(values[variable], parts), value);
  } catch (error) {
    if (error instanceof GantryError) return false;
    throw error;
  }
}
