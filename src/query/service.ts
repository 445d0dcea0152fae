import type { Principal } from "../access/index.ts";
import { observationTargets, type Observer } from "../design/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import {
  notFound,
  OWNED_RULES,
  ownedRule,
  readable,
  type InventoryStore,
  type OwnedKind,
  type Snapshot,
} from "../inventory/index.ts";
import { affectedBy, type Affected } from "./affected.ts";
import { countedBy, countStructures, type CountAnswer, type CountQuestion } from "./count.ts";
import { differencesOf, type Difference } from "./differences.ts";
import { QUESTION_INVALID } from "./errors.ts";
import { graphOf, isWithin, type Graph } from "./graph.ts";
import { keyOf, THING_KINDS, type ThingKind, type ThingRef } from "./model.ts";
import { totalsOf, usedBy, type FoundationForm, type Used } from "./uses.ts";

/** The structures a service is made of. All that are given must hold. */
export interface ServiceQuestion {
  readonly things: readonly string[];
  readonly group?: string | undefined;
  readonly blueprint?: string | undefined;
  readonly role?: string | undefined;
}

export interface Answered<Item> {
  /** What was asked about. */
  readonly asked: readonly ThingRef[];
  readonly items: readonly Item[];
  /** Of all, not only of those shown. */
  readonly total: number;
}

export interface QueryService {
  /** Errors: `not_found`. */
  count(principal: Principal, question: CountQuestion): Promise<CountAnswer>;
  /** Things are written `foundation:rack1-7`. Errors of this and the next: `question_invalid`, `not_found`. */
  affected(principal: Principal, things: readonly string[], limit: number): Promise<Answered<Affected> & Counts>;
  uses(
    principal: Principal,
    question: ServiceQuestion,
    limit: number,
  ): Promise<Answered<Used> & { readonly totals: Readonly<Record<FoundationForm, number>> }>;
  /** `look`: drivers and agents are asked what really is there; what does not answer is left out. */
  differences(
    principal: Principal,
    question: { readonly site?: string | undefined; readonly look: boolean },
    limit: number,
  ): Promise<Omit<Answered<Difference>, "asked">>;
}

/** How many of what is affected is down, and how many goes on. */
export interface Counts {
  readonly down: number;
  readonly impaired: number;
}

/** Answers about the inventory, as somebody may see it: what he may not read is there for nobody he asks about, and in no answer. */
export function createQueryService(inventory: Pick<InventoryStore, "snapshot">, observer: Observer): QueryService {
  /** Graphs are as large as the inventory: one is kept for as long as its snapshot is the latest. */
  const graphs = new WeakMap<Snapshot, Graph>();

  function graph(snapshot: Snapshot): Graph {
    const kept = graphs.get(snapshot);
    if (kept !== undefined) return kept;
    const made = graphOf(snapshot);
    graphs.set(snapshot, made);
    return made;
  }

  return {
    async count(principal, question) {
      const snapshot = await inventory.snapshot(principal.tenantId);
      const { see } = sightOf(principal, snapshot);
      if (question.blueprint !== undefined && !snapshot.blueprints.has(question.blueprint))
        throw notFound("blueprint", question.blueprint, snapshot.blueprints.keys());
      if (question.site !== undefined) requireThing(see, snapshot, { kind: "site", name: question.site });
      const seen = [...snapshot.structures.values()].filter((one) => see({ kind: "structure", name: one.name }));
      return countStructures(snapshot, seen, question);
    },
    async affected(principal, things, limit) {
      const snapshot = await inventory.snapshot(principal.tenantId);
      const { see } = sightOf(principal, snapshot);
      const asked = refsOf(things);
      for (const one of asked) requireThing(see, snapshot, one);
      const all = affectedBy(graph(snapshot), asked).filter(({ thing }) => see(thing));
      const down = all.filter(({ effect }) => effect === "down").length;
      const items = all.slice(0, limit).map((one) => ({ ...one, because: seenOnly(see, one.because) }));
      return { asked, items, total: all.length, down, impaired: all.length - down };
    },
    async uses(principal, question, limit) {
      const snapshot = await inventory.snapshot(principal.tenantId);
      const { see } = sightOf(principal, snapshot);
      const named = refsOf(question.things);
      for (const one of named) requireThing(see, snapshot, one);
      const asked = [...named, ...serviceOf(see, snapshot, question)];
      // By a map: a service may be as large as the inventory.
      const shown = [...new Map(asked.map((one) => [keyOf(one), one])).values()].filter(see);
      const all = usedBy(graph(snapshot), shown).items.filter(({ thing }) => see(thing));
      const items = all.slice(0, limit).map((one) => ({ ...one, by: seenOnly(see, one.by) }));
      const own = shown.flatMap((one) => graph(snapshot).things.get(keyOf(one)) ?? []);
      return { asked: shown, items, total: all.length, totals: totalsOf([...own, ...all.map(({ thing }) => thing)]) };
    },
    async differences(principal, { site, look }, limit) {
      const snapshot = await inventory.snapshot(principal.tenantId);
      const { see } = sightOf(principal, snapshot);
      if (site !== undefined) requireThing(see, snapshot, { kind: "site", name: site });
      const isMeant = (one: Pick<Difference, "kind" | "name" | "site">): boolean =>
        (site === undefined || isWithin(snapshot, one.site, site)) && see(one);
      const targets = look
        ? observationTargets(snapshot).filter((one) => isMeant({ kind: "foundation", name: one.name, site: one.site }))
        : [];
      const seen = targets.length === 0 ? [] : await observer.observe(principal.tenantId, targets);
      const all = differencesOf(snapshot, seen).filter(isMeant);
      return { items: all.slice(0, limit), total: all.length };
    },
  };
}

type Named = { readonly kind: OwnedKind; readonly name: string };

type See = (thing: Named) => boolean;

function sightOf(principal: Principal, snapshot: Snapshot): { readonly see: See } {
  const tests = new Map(OWNED_RULES.map(({ kind }) => [kind, readable(principal, snapshot, kind)]));
  return {
    see({ kind, name }) {
      const row = rowOf(snapshot, { kind, name });
      return row !== undefined && (tests.get(kind)?.(row) ?? true);
    },
  };
}

function rowOf(snapshot: Snapshot, { kind, name }: Named): object | undefined {
  return (snapshot[ownedRule(kind).rows] as ReadonlyMap<string, object>).get(name);
}

function requireThing(see: See, snapshot: Snapshot, thing: ThingRef): void {
  if (see(thing)) return;
  const names = [...(snapshot[ownedRule(thing.kind).rows] as ReadonlyMap<string, object>).keys()];
  throw notFound(
    thing.kind,
    thing.name,
    names.filter((name) => see({ kind: thing.kind, name })),
  );
}

/** Who leads to a thing is told only to whom may see it; else that there is something. */
function seenOnly<Because extends { readonly thing: ThingRef }>(see: See, because: Because): Because {
  return see(because.thing) ? because : { ...because, thing: { kind: because.thing.kind, name: "" } };
}

function serviceOf(see: See, snapshot: Snapshot, { group, blueprint, role }: ServiceQuestion): readonly ThingRef[] {
  if (group === undefined && blueprint === undefined && role === undefined) return [];
  if (group !== undefined && !see({ kind: "group", name: group }))
    throw notFound(
      "group",
      group,
      [...snapshot.groups.keys()].filter((name) => see({ kind: "group", name })),
    );
  if (blueprint !== undefined && !snapshot.blueprints.has(blueprint))
    throw notFound("blueprint", blueprint, snapshot.blueprints.keys());
  const within = group === undefined ? undefined : groupsBelow(snapshot, group);
  const counts = countedBy(snapshot, { blueprint, role, by: [] });
  return [...snapshot.structures.values()]
    .filter((one) => (within === undefined || one.groups.some((name) => within.has(name))) && counts(one))
    .map(({ name }) => ({ kind: "structure" as const, name }));
}

/** The group and those below it: children, and what it includes. */
function groupsBelow(snapshot: Snapshot, top: string): ReadonlySet<string> {
  const below = new Set([top]);
  for (const name of below) {
    for (const included of snapshot.groups.get(name)?.includes ?? []) below.add(included);
    for (const group of snapshot.groups.values()) if (group.parent === name) below.add(group.name);
  }
  return below;
}

function refsOf(things: readonly string[]): readonly ThingRef[] {
  return things.map((text) => {
    const colon = text.indexOf(":");
    const kind = text.slice(0, Math.max(0, colon)).replaceAll("-", "_");
    const name = text.slice(colon + 1);
    if (!(THING_KINDS as readonly string[]).includes(kind) || name === "") {
      const near = nearest(kind, THING_KINDS);
      throw new GantryError(
        QUESTION_INVALID,
        `'${text.slice(0, 80)}' is not KIND:NAME${near === undefined || colon < 1 ? "" : `; did you mean '${near}:${name.slice(0, 80)}'?`}`,
      );
    }
    return { kind: kind as ThingKind, name };
  });
}
