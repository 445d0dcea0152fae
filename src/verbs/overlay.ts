import type { Json, JsonObject } from "../kernel/json.ts";
import type { VerbPlan } from "./model.ts";

/**
 * What the verbs of a list would have set by now, while the list is only planned: later ones see it, and nothing of it is kept. It goes with
 * what the list's items share, which is one and the same object for all of them.
 */
export interface Overlay {
  readonly arguments: Map<string, Json>;
  readonly environment: Map<string, string>;
  /** Arguments that would be set to what shows only when the list runs. */
  readonly unknown: Set<string>;
  /** Arguments and variables of the node that would be gone. */
  readonly gone: { readonly arguments: Set<string>; readonly environment: Set<string> };
  /** Something would set arguments whose very names show only then. */
  later: boolean;
}

const overlays = new WeakMap<JsonObject, Overlay>();

export function overlayOf(shared: JsonObject): Overlay {
  let overlay = overlays.get(shared);
  if (overlay === undefined) {
    overlay = {
      arguments: new Map(),
      environment: new Map(),
      unknown: new Set(),
      gone: { arguments: new Set(), environment: new Set() },
      later: false,
    };
    overlays.set(shared, overlay);
  }
  return overlay;
}

/** Takes in what a verb would set. `outputs`: arguments that would get its output. */
export function extendOverlay(overlay: Overlay, plan: VerbPlan, outputs: readonly (string | undefined)[]): void {
  for (const kind of ["arguments", "environment"] as const) {
    for (const name of plan.forgets?.[kind] ?? []) {
      overlay[kind].delete(name);
      overlay.gone[kind].add(name);
      if (kind === "arguments") overlay.unknown.delete(name);
    }
  }
  for (const [name, value] of Object.entries(plan.arguments ?? {})) {
    overlay.arguments.set(name, value);
    overlay.unknown.delete(name);
  }
  for (const [name, value] of Object.entries(plan.environment ?? {})) overlay.environment.set(name, value);
  if (plan.later !== undefined) overlay.later = true;
  for (const name of [...(plan.unknown ?? []), ...outputs]) {
    if (name === undefined) continue;
    overlay.arguments.delete(name);
    overlay.unknown.add(name);
  }
}

/** What the node remembers, as it would be by now. */
export function overlaid<Value extends Json>(
  stored: Readonly<Record<string, Value>>,
  overlay: Overlay | undefined,
  kind: "arguments" | "environment",
): Readonly<Record<string, Value>> {
  if (overlay === undefined) return stored;
  const hidden = new Set([...overlay.gone[kind], ...(kind === "arguments" ? overlay.unknown : [])]);
  const kept = Object.entries(stored).filter(([name]) => !hidden.has(name));
  return Object.fromEntries([...kept, ...overlay[kind]]) as Readonly<Record<string, Value>>;
}
