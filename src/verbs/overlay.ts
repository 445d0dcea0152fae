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
  /** Something would set arguments whose very names show only then. */
  later: boolean;
}

const overlays = new WeakMap<JsonObject, Overlay>();

export function overlayOf(shared: JsonObject): Overlay {
  let overlay = overlays.get(shared);
  if (overlay === undefined) {
    overlay = { arguments: new Map(), environment: new Map(), unknown: new Set(), later: false };
    overlays.set(shared, overlay);
  }
  return overlay;
}

/** Takes in what a verb would set. `outputs`: arguments that would get its output. */
export function extendOverlay(overlay: Overlay, plan: VerbPlan, outputs: readonly (string | undefined)[]): void {
  for (const [name, value] of Object.entries(plan.arguments ?? {})) {
    overlay.arguments.set(name, value);
    overlay.unknown.delete(name);
  }
  for (const [name, value] of Object.entries(plan.environment ?? {})) overlay.environment.set(name, value);
  if (plan.later !== undefined) overlay.later = true;
  for (const name of outputs) {
    if (name === undefined) continue;
    overlay.arguments.delete(name);
    overlay.unknown.add(name);
  }
}
