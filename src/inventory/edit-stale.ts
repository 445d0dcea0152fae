import { lineage } from "../blueprints/index.ts";
import { canonicalJson, type Json } from "../kernel/json.ts";
import type { Draft } from "./edit-draft.ts";
import type { AnyRow } from "./edit-model.ts";
import { dependencyChanges, dependencyInputs, foundationInputs, occupants, structureInputs } from "./inputs.ts";
import type { OwnedKind } from "./kinds.ts";
import type { Foundation, Group, Snapshot, Structure } from "./model.ts";
import { hashAnswer, structures } from "./query.ts";
import { createResolver, siteChain, type Resolver } from "./variables.ts";

/** Kinds whose change may change what something is built with. */
const INPUTS: readonly OwnedKind[] = ["site", "group", "blueprint", "foundation", "structure", "complex", "dependency"];

/**
 * Marks what is built and would now be built with something else: the foreman brings it up to date. Only what lies below an edit is
 * resolved, before and after.
 */
export function markStale(draft: Draft): void {
  const { snapshot } = draft;
  const touchesTenant = draft.tenant !== snapshot.tenant;
  if (!touchesTenant && INPUTS.every((kind) => draft.touched(kind).size === 0)) return;
  const built = [...snapshot.structures.values()].filter((row) => row.state !== "planned");
  const foundations = [...snapshot.foundations.values()].filter((row) => row.state !== "planned");
  markDependencies(draft);
  if (built.length === 0 && foundations.length === 0) return;
  const world = draft.world();
  const before = createResolver(snapshot);
  const after = createResolver(world);
  const isBelow = createBelow(draft, world, touchesTenant);
  const answers = createAnswers(before, after);
  for (const row of built) {
    const present = world.structures.get(row.name);
    if (present === undefined || present.id !== row.id || present.wanted === "absent" || present.stale) continue;
    const changed =
      (isBelow(row) || isBelow(present)) && differ(structureInputs(before, row.name), structureInputs(after, row.name));
    const asked = row.build?.queries ?? [];
    if (changed || asked.some(({ question }) => answers(question))) stale(draft, "structure", present);
  }
  const standing = [occupants(snapshot.structures.values()), occupants(world.structures.values())] as const;
  for (const row of foundations) {
    const present = world.foundations.get(row.name);
    if (present === undefined || present.id !== row.id || present.wanted === "absent" || present.stale) continue;
    const [was, is] = [standing[0].get(row.name), standing[1].get(row.name)];
    const moved = was !== is && (was === undefined || is === undefined || draft.touched("structure").has(is.name));
    if (!moved && !isBelow(row) && !isBelow(present)) continue;
    if (differ(foundationInputs(before, row.name, was), foundationInputs(after, row.name, is)))
      stale(draft, "foundation", present);
  }
}

/**
 * Dependencies that are built, and would be otherwise now: what needs another thing is taken down and built anew, another script is run
 * again.
 */
function markDependencies(draft: Draft): void {
  const { snapshot } = draft;
  const rows = [...snapshot.dependencies.values()].filter((row) => row.state !== "planned");
  if (rows.length === 0) return;
  const world = draft.world();
  for (const row of rows) {
    const present = world.dependencies.get(row.name);
    if (present === undefined || present.id !== row.id || present.wanted === "absent") continue;
    const [was, is] = [dependencyInputs(snapshot, row.name), dependencyInputs(world, row.name)];
    const another = dependencyChanges(was, is, present).length > 0;
    if (!another && (present.stale || !differ(was.scripts, is.scripts))) continue;
    const changed = another && row.build !== null ? { ...present, rebuild: true } : { ...present, stale: true };
    draft.put("dependency", changed, draft.touched("dependency").get(row.name)?.index ?? 0);
  }
}

function stale(draft: Draft, kind: "foundation" | "structure", row: Structure | Foundation): void {
  const changed = { ...row, stale: true };
  draft.put(kind, changed as AnyRow, draft.touched(kind).get(row.name)?.index ?? 0);
}

function differ(one: object, other: object): boolean {
  return canonicalJson(one as Json as never) !== canonicalJson(other as Json as never);
}

/** Whether the answer to a question scripts asked is another one now. Each question is asked once. */
function createAnswers(before: Resolver, after: Resolver): (question: Parameters<typeof structures>[1]) => boolean {
  const known = new Map<string, boolean>();
  return (question) => {
    const key = canonicalJson(question as Json as never);
    const found = known.get(key);
    if (found !== undefined) return found;
    const changed = hashAnswer(structures(before, question)) !== hashAnswer(structures(after, question));
    known.set(key, changed);
    return changed;
  };
}

/** Whether something lies below what was touched, so that its variables may be others now. */
function createBelow(draft: Draft, world: Snapshot, everything: boolean): (row: Structure | Foundation) => boolean {
  const groups = touchedGroups(draft, world);
  const sites = new Map<string, boolean>();
  const blueprints = new Map<string, boolean>();
  function memo(known: Map<string, boolean>, name: string, work: () => boolean): boolean {
    const found = known.get(name) ?? work();
    known.set(name, found);
    return found;
  }
  function siteTouched(site: string): boolean {
    const touched = draft.touched("site");
    return memo(sites, site, () =>
      [...siteChain(draft.snapshot, site), ...siteChain(world, site)].some((name) => touched.has(name)),
    );
  }
  function blueprintTouched(blueprint: string): boolean {
    const touched = draft.touched("blueprint");
    return memo(blueprints, blueprint, () =>
      [...lineage(draft.snapshot.blueprints, blueprint), ...lineage(world.blueprints, blueprint)].some(({ name }) =>
        touched.has(name),
      ),
    );
  }
  return (row) => {
    if (everything) return true;
    const structure = "foundation" in row ? row : undefined;
    if (draft.touched(structure === undefined ? "foundation" : "structure").has(row.name)) return true;
    const below = structure === undefined ? (row as Foundation) : world.foundations.get(structure.foundation ?? "");
    if (below !== undefined && below.complex !== null && draft.touched("complex").has(below.complex)) return true;
    if (siteTouched(row.site)) return true;
    if (row.blueprint !== null && blueprintTouched(row.blueprint)) return true;
    if (structure === undefined) return false;
    if (structure.foundation !== null && draft.touched("foundation").has(structure.foundation)) return true;
    return groups.size > 0 && structure.groups.some((name) => groups.has(name));
  };
}

/** Groups whose structures may resolve to something else: those that were touched, and all that lie below them or are included. */
function touchedGroups(draft: Draft, world: Snapshot): ReadonlySet<string> {
  const touched = draft.touched("group");
  const found = new Set<string>();
  if (touched.size === 0) return found;
  const below = new Map<string, string[]>();
  function add(group: string, others: readonly string[]): void {
    const list = below.get(group);
    if (list === undefined) below.set(group, [...others]);
    else for (const other of others) list.push(other);
  }
  for (const groups of [draft.snapshot.groups, world.groups]) {
    for (const { name, parent, includes } of groups.values() as Iterable<Group>) {
      if (parent !== null) add(parent, [name]);
      if (includes.length > 0) add(name, includes);
    }
  }
  const open = [...touched.keys()];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const next of below.get(name) ?? []) open.push(next);
  }
  return found;
}
