import { isJsonObject } from "../kernel/json.ts";
import type { ItemResult } from "./model.ts";
import type { TaskStatus } from "./task-model.ts";

/** How the items of a list end: each in exactly one way. Pure. */

/**
 * - `ok`, `changed`: done; its value says whether it changed anything (`changed: true`). `failed`.
 * - `skipped`: it was not begun, because an earlier one failed, or the job was cancelled.
 * - `interrupted`: it may have begun, and nobody can say how far it came.
 * - `unreachable`: nobody took the list in time, so it was not begun.
 */
export const ITEM_STATES = ["ok", "changed", "failed", "skipped", "interrupted", "unreachable"] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** How many items ended in which way. */
export type ItemCounts = Readonly<Record<ItemState, number>>;

/** Of one task: how many of its items ended in which way so far, out of how many. */
export type ItemTally = ItemCounts & { readonly total: number };

export const NO_ITEMS: ItemCounts = { ok: 0, changed: 0, failed: 0, skipped: 0, interrupted: 0, unreachable: 0 };

export function stateOfResult({ outcome, value }: Pick<ItemResult, "outcome" | "value">): ItemState {
  switch (outcome) {
    case "done":
      return isChanged(value) ? "changed" : "ok";
    // Stopped in its middle: what it did until then, it did.
    case "cancelled":
      return "interrupted";
    default:
      return outcome;
  }
}

function isChanged(value: ItemResult["value"]): boolean {
  return isJsonObject(value) && value["changed"] === true;
}

/** The tally with results that were not in it. */
export function withResults<Tally extends ItemCounts>(tally: Tally, results: readonly ItemResult[]): Tally {
  const counts: Record<ItemState, number> = { ...tally };
  for (const result of results) counts[stateOfResult(result)] += 1;
  return { ...tally, ...counts };
}

export function endedItems(counts: ItemCounts): number {
  return ITEM_STATES.reduce((sum, state) => sum + counts[state], 0);
}

/** Items that ended, but not well. */
export function badItems(counts: ItemCounts): number {
  return endedItems(counts) - counts.ok - counts.changed;
}

/** What is known of a list that ended. */
export interface ListEnd {
  readonly status: Exclude<TaskStatus, "ready" | "leased" | "started">;
  /** Its executor said so. Otherwise the server gave it up. */
  readonly told: boolean;
  /** It may have begun. */
  readonly begun: boolean;
  readonly tally: ItemTally;
  /** Items behind a failed one run too. */
  readonly keepGoing: boolean;
}

/** How those items of a list ended of which its executor said nothing. */
export function restOf({ status, told, begun, tally, keepGoing }: ListEnd): ItemState {
  const bad = badItems(tally);
  switch (status) {
    case "done":
      return "ok";
    case "unreachable":
      return "unreachable";
    case "cancelled":
      return told || !begun ? "skipped" : "interrupted";
    case "interrupted":
      if (!keepGoing && bad > 0) return "skipped";
      return told && tally.interrupted > 0 ? "skipped" : "interrupted";
    case "failed":
      // Where none of them failed, the list as a whole did: its executor could do none of them.
      if (told) return bad > 0 ? "skipped" : "failed";
      return (!keepGoing && bad > 0) || !begun ? "skipped" : "interrupted";
  }
}

/** The tally in which every item has its end. */
export function closedTally(tally: ItemTally, rest: ItemState): ItemTally {
  const open = Math.max(0, tally.total - endedItems(tally));
  return { ...tally, [rest]: tally[rest] + open };
}

/** What is stored of one list of a job. */
export interface ListSeen {
  readonly ended: readonly { readonly item: number; readonly state: ItemState }[];
  /** Numbers of those nobody said anything of. */
  readonly open: readonly number[];
  /** How these ended; null while the list runs. */
  readonly rest: ItemState | null;
}

/** How each verb of a job that ended did, by its place in the list: also those no list came to, which were skipped. */
export function endingsOf(verbs: number, lists: readonly ListSeen[]): readonly ItemState[] {
  const states = Array.from({ length: verbs }, (): ItemState => "skipped");
  const isThere = (item: number): boolean => item >= 0 && item < verbs;
  for (const { ended, open, rest } of lists) {
    if (rest !== null) for (const item of open) if (isThere(item)) states[item] = rest;
    for (const { item, state } of ended) if (isThere(item)) states[item] = state;
  }
  return states;
}
