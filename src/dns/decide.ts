import type { DnsTarget, Publication, RenderedZone } from "./model.ts";

/** What is to be published where. Pure. */

/** Whether a target serves a zone in its view: those without views to everybody, the others to whom they are for. */
export function isServedBy(
  target: Pick<DnsTarget, "zones" | "view">,
  zone: Pick<RenderedZone, "name" | "view">,
): boolean {
  if (target.zones.length > 0 && !target.zones.includes(zone.name)) return false;
  return zone.view === null || zone.view === target.view;
}

/** What is known of a zone that is served: its serial stands for its content. */
export interface CurrentZone {
  readonly zone: RenderedZone;
  readonly serial: number;
  readonly contentHash: string;
}

export type PublicationStep =
  /** It is to be published, and has no row yet. */
  | { readonly do: "begin"; readonly target: DnsTarget; readonly current: CurrentZone }
  /** What is there is no longer what is to be there. */
  | { readonly do: "publish"; readonly target: DnsTarget; readonly current: CurrentZone; readonly row: Publication }
  | { readonly do: "remove"; readonly target: DnsTarget; readonly row: Publication };

/** Every step between what is published and what is to be, whether it is due or not, by target. */
export function publicationSteps(
  targets: readonly DnsTarget[],
  zones: readonly CurrentZone[],
  rows: readonly Publication[],
): readonly PublicationStep[] {
  const known = new Map(rows.map((row) => [keyOf(row.targetId, row.zone, row.view), row]));
  const steps: PublicationStep[] = [];
  for (const target of targets) {
    for (const current of zones.filter((one) => isServedBy(target, one.zone))) {
      const key = keyOf(target.id, current.zone.name, current.zone.view ?? "");
      const row = known.get(key);
      known.delete(key);
      if (row === undefined) steps.push({ do: "begin", target, current });
      else if (row.state !== "published" || row.contentHash !== current.contentHash)
        steps.push({ do: "publish", target, current, row });
    }
  }
  const byId = new Map(targets.map((target) => [target.id, target]));
  for (const row of known.values()) {
    const target = byId.get(row.targetId);
    if (target !== undefined) steps.push({ do: "remove", target, row });
  }
  return steps;
}

function keyOf(targetId: string, zone: string, view: string): string {
  return `${targetId} ${zone} ${view}`;
}

const FIRST_DELAY = 1000;
const LONGEST_DELAY = 60_000;

/** Milliseconds until a try after `attempt` (from 1) that failed: doubled each time, up to a minute. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt - 1, 10));
}
