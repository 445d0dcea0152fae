import { changedStructures, changeRendered, isSameFrame } from "./changes.ts";
import { carryContent } from "./content.ts";
import { differenceOf, keyOf } from "./difference.ts";
import type { NamedWorld } from "./hosts.ts";
import type { RecordSet, RenderedZone, Rendering } from "./model.ts";
import { renderingOf, renderSteps, type Rendered } from "./zones.ts";

/**
 * Renders one world after the other. What follows from the one before by a few changes is made of it; sets and zones that are the same are
 * the same objects again, so that whoever compares finds little to do.
 */
export interface ZoneRenderer {
  /** In small steps. Must be run to its end before the next one begins. */
  render(world: NamedWorld): Generator<void, Rendering>;
  /** How often zones were made of those before, and how often all anew. */
  counts(): { readonly changed: number; readonly whole: number };
}

export function createZoneRenderer(): ZoneRenderer {
  let rendered: Rendered | undefined;
  let last: Rendering | undefined;
  const counts = { changed: 0, whole: 0 };

  return {
    *render(world) {
      const [before, earlier] = [rendered, last];
      // What is cut short in the middle is of no more use.
      [rendered, last] = [undefined, undefined];
      if (before !== undefined && earlier !== undefined) {
        if (
          isSameFrame(before.world, world) &&
          changedStructures(before.world.structures, world.structures).size === 0
        ) {
          [rendered, last] = [{ ...before, world }, earlier];
          return earlier;
        }
        const changes = changeRendered(before, world);
        if (changes !== undefined) {
          for (const [zone, { after, names }] of changes) carryContent(zone, after, names);
          counts.changed += 1;
          rendered = { ...before, world };
          last = renderingOf(rendered);
          return last;
        }
      }
      const made = yield* renderSteps(world);
      counts.whole += 1;
      if (earlier !== undefined) {
        const zones = new Map(earlier.zones.map((zone) => [`${zone.name} ${zone.view ?? ""}`, zone]));
        for (const [draft, zone] of made.zones) {
          const old = zones.get(`${zone.name} ${zone.view ?? ""}`);
          if (old !== undefined) made.zones.set(draft, resembling(old, zone));
          yield;
        }
      }
      rendered = made;
      last = renderingOf(made);
      return last;
    },
    counts: () => ({ ...counts }),
  };
}

/** The zone, made of what is the same in the one before. */
function resembling(before: RenderedZone, zone: RenderedZone): RenderedZone {
  const { put, drop } = differenceOf(before.sets, zone.sets);
  const { sets: _before, ...head } = before;
  const { sets: _sets, ...nextHead } = zone;
  if (put.length + drop.length === 0 && JSON.stringify(head) === JSON.stringify(nextHead)) return before;
  const fresh = new Set<RecordSet>(put.map(({ set }) => set));
  const known = new Map(before.sets.map((set) => [keyOf(set), set]));
  const sets = zone.sets.map((set) => (fresh.has(set) ? set : (known.get(keyOf(set)) ?? set)));
  const after = { ...zone, sets };
  carryContent(before, after, [
    { before: drop, after: [] },
    ...put.map((one) => ({ before: one.before === null ? [] : [one.before], after: [one.set] })),
  ]);
  return after;
}
