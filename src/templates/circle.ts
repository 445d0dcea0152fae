/** Which variables refer to each other in a circle. */
import type { JsonObject } from "../kernel/json.ts";
import { rootNames } from "./guard.ts";
import { hasTag } from "./tokens.ts";
import { mapTexts } from "./values.ts";

/**
 * A circle among the variables whose texts do not settle, first name repeated at the end; undefined when none is seen. `unsettled`
 * are paths (`disks[0].name`), `values` what was written before any rendering.
 */
export function findCircle(values: JsonObject, unsettled: readonly string[]): string[] | undefined {
  const names = new Set(unsettled.map((path) => /^[^.[]*/.exec(path)?.[0] ?? path));
  const edges = new Map<string, string[]>();
  for (const name of names)
    edges.set(
      name,
      referredBy(values, name).filter((other) => names.has(other)),
    );
  const finished = new Set<string>();
  for (const name of names) {
    const circle = walk(name, edges, finished);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function referredBy(values: JsonObject, name: string): string[] {
  const names = new Set<string>();
  mapTexts({ [name]: values[name] ?? null }, (text) => {
    if (hasTag(text)) for (const root of rootNames(text)) names.add(root);
    return text;
  });
  return [...names];
}

/** Depth first, with a list instead of calls: a chain may be longer than the stack. */
function walk(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  finished: Set<string>,
): string[] | undefined {
  const trail: { name: string; next: number }[] = [{ name: start, next: 0 }];
  const onTrail = new Map([[start, 0]]);
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const other = finished.has(top.name) ? undefined : edges.get(top.name)?.[top.next];
    if (other === undefined) {
      finished.add(top.name);
      onTrail.delete(top.name);
      trail.pop();
      continue;
    }
    top.next += 1;
    const seen = onTrail.get(other);
    if (seen !== undefined) return [...trail.slice(seen).map((one) => one.name), other];
    onTrail.set(other, trail.length);
    trail.push({ name: other, next: 0 });
  }
  return undefined;
}
