import type { Managed } from "../inventory/index.ts";
import { changedText, commonActions, type Compared, type Decision } from "./decision.ts";
import type { Action, TargetKind } from "./model.ts";

/** What becomes of rows nothing is run for: all but foundations and structures. */
export function decideRecords<Data, Row extends Data & Managed>(
  target: TargetKind,
  compared: readonly Compared<Data, Row>[],
  merged: ReadonlyMap<string, Data>,
): { readonly actions: readonly Action[]; readonly decisions: readonly Decision<Data>[]; readonly unchanged: number } {
  const actions: Action[] = [];
  const decisions: Decision<Data>[] = [];
  let unchanged = 0;
  for (const one of compared) {
    const { name, standing, wanted, row, comparison, applied } = one;
    actions.push(...commonActions(target, one));
    if (standing === "foreign" || standing === "leaving") continue;
    if (wanted === undefined) {
      decisions.push({ name, data: null, applied, effect: "none" });
      continue;
    }
    if (row === undefined || standing === "returning") {
      actions.push({ kind: "create", target, name, reason: row === undefined ? "new" : "wanted again", fields: [] });
      decisions.push({ name, data: wanted, applied, effect: "record" });
      continue;
    }
    const fields = [...comparison.changes, ...comparison.adopted];
    decisions.push({
      name,
      data: merged.get(name) ?? wanted,
      applied,
      effect: fields.length === 0 ? "none" : "record",
    });
    if (fields.length > 0) actions.push({ kind: "change", target, name, reason: changeReason(one), fields });
    else if (comparison.conflicts.length === 0) unchanged += 1;
  }
  return { actions, decisions, unchanged };
}

/** Why a row is written: what the design changed, or that it now says what somebody else wrote before. */
export function changeReason(one: Pick<Compared<unknown, unknown>, "comparison">): string {
  const { changes, adopted } = one.comparison;
  if (changes.length > 0) return changedText(changes);
  return adopted.length > 0 ? "the design now says what somebody else wrote" : "";
}
