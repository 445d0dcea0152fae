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

/** Where definitions with a term are found. */
export interface Postings {
  /** Everything but structures that has one of the terms. */
  shared(terms: readonly number[]): Promise<readonly { readonly kind: OwnerKind; readonly name: string }[]>;
  /** Structures that have the term themselves, by name. */
  structures(term: number, after: string | null, limit: number): Promise<readonly string[]>;
}

export interface SearchPage {
  /** Only names behind this one. */
  readonly after: string | null;
  readonly limit: number;
  /** What else must hold of a structure. */
  readonly accept?: ((name: string) => boolean) | undefined;
}

export interface SearchResult {
  /** In order. May be fewer than the limit also when there are more: one search looks at no more than some thousands. */
  readonly names: readonly string[];
  /** What to go on behind; null: there are no more. */
  readonly next: string | null;
}

/** Structures one search looks at. */
const MOST_LOOKED_AT = 20_000;
/** Names taken from the sources at once. */
const WINDOW = 2048;
const SMALLEST_WINDOW = 16;

/** Some names in order, and a way to the next ones. */
type Source = (after: string | null, limit: number) => readonly string[] | Promise<readonly string[]>;

/**
 * The structures whose resolved variables have the value at the path, in the order of names. Looks at those that may have it, because
 * somebody whose variables they resolve over says so, and resolves each. What does not resolve does not fit.
 */
export async function searchVariables(
  tenantId: Id,
  resolver: Resolver & { readonly world: Snapshot },
  postings: Postings,
  query: VariableQuery,
  { after, limit, accept }: SearchPage,
): Promise<SearchResult> {
  const sources = await sourcesOf(tenantId, resolver.world, postings, query);
  const names: string[] = [];
  let last = after;
  let looked = 0;
  for (;;) {
    const { candidates, end } = await nextCandidates(sources, last);
    for (const name of candidates) {
      if (looked >= MOST_LOOKED_AT) return { names, next: last };
      looked += 1;
      if ((accept === undefined || accept(name)) && fits(resolver, query, name)) {
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
  query: VariableQuery,
): Promise<readonly Source[]> {
  const indexes = indexesOf(world);
  if (query.path[0].startsWith("_")) return [listed(builtInNames(indexes, query))];
  const asked = askedTerms(tenantId, query);
  const terms = asked.value === null ? asked.others : [asked.value, ...asked.others];
  const owners = await postings.shared(terms);
  if (owners.some(({ kind }) => kind === "tenant")) return [listed(indexes.names("structures"))];
  const standing: string[] = [];
  const sources: Source[] = terms.map((term) => (after, limit) => postings.structures(term, after, limit));
  for (const { kind, name } of owners) {
    if (kind === "foundation") standing.push(...indexes.structures("foundation", name));
    else if (kind === "blueprint" || kind === "site" || kind === "group") {
      const found = indexes.structures(kind, name);
      if (found.length > 0) sources.push(listed(found));
    }
  }
  if (standing.length > 0) sources.push(listed([...new Set(standing)].sort()));
  return sources;
}

/** What is built in is defined nowhere: most of it is found by what it was made of. */
function builtInNames(indexes: Indexes, { path: [variable], value }: VariableQuery): readonly string[] {
  if (typeof value !== "string") return indexes.names("structures");
  switch (variable) {
    case "_id":
      return [indexes.byId("structures", value) ?? ""];
    case "_name":
      return [value];
    case "_site":
      return indexes.structures("site", value);
    case "_blueprint":
      return indexes.structures("blueprint", value);
    case "_foundation":
      return indexes.structures("foundation", value);
    default:
      return indexes.names("structures");
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

function fits(resolver: Resolver, { path, value }: VariableQuery, name: string): boolean {
  const [variable, ...parts] = path;
  if (!resolver.world.structures.has(name)) return false;
  if (!sameJson(valueAtPath(resolver.value(name, variable), parts), value)) return false;
  // One variable alone does not show whether the others go together.
  try {
    return sameJson(valueAtPath(resolver.values(name)[variable], parts), value);
  } catch (error) {
    if (error instanceof GantryError) return false;
    throw error;
  }
}
