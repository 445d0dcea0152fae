import type { Principal } from "../access/index.ts";
import { makeEdits, type EditServiceParts, type Snapshot } from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Transaction } from "../platform/database/index.ts";
import { CHANGE_SET_CONFLICT, CHANGE_SET_NOT_APPROVED, CHANGE_SET_OUTDATED } from "./errors.ts";
import { rebase, type Rebased } from "./merge.ts";
import { keyOf, type Change, type ChangeRule, type ChangeSet, type Vote } from "./model.ts";
import { editsOf, truthOf } from "./plan.ts";
import { verdict, type Touched } from "./rules.ts";

/** What is asked before a change set is applied, and how its changes are made. */

/** Each change beside the truth as it is now. */
export function rebasedOf(snapshot: Snapshot, changes: readonly Change[]): readonly Rebased[] {
  return changes.map((change) => rebase(change, truthOf(snapshot, change)));
}

export function refuseConflicts(number: number | string, all: readonly Rebased[]): void {
  const conflicts = all.flatMap((one) => one.conflicts);
  if (conflicts.length === 0) return;
  const named = conflicts.map(({ kind, name, path }) => `${kind} ${name}${path === "" ? "" : `: ${path}`}`);
  const shown = named.slice(0, 3).join("; ") + (named.length > 3 ? ` and ${named.length - 3} more` : "");
  throw new GantryError(CHANGE_SET_CONFLICT, `change set ${number} conflicts with what is there now: ${shown}`, {
    details: { conflicts },
  });
}

/** Makes the changes within the transaction: exactly them. */
export async function make(
  parts: EditServiceParts,
  tx: Transaction,
  principal: Principal,
  set: ChangeSet,
  changes: readonly Change[],
): Promise<void> {
  const { results } = await makeEdits(parts, tx, principal, editsOf(changes), {
    cascade: true,
    approved: true,
  });
  const known = new Set(changes.map(keyOf));
  const more = results.filter((one) => one.action !== "unchanged" && !known.has(keyOf(one)));
  if (more.length === 0) return;
  const names = more.slice(0, 3).map(keyOf).join(", ");
  throw new GantryError(CHANGE_SET_OUTDATED, `change set ${set.number} would now change more: ${names}`, {
    hint: "Something new depends on what it takes away: propose it anew with `gantry change amend`.",
  });
}

/** What stands in the way of applying it. Errors: `change_set_not_approved`. */
export function refuseUnapproved(
  set: ChangeSet,
  rules: readonly ChangeRule[],
  touched: readonly Touched[],
  votes: readonly Vote[],
): void {
  const { rejections, lacking } = verdict(rules, touched, votes, set);
  const [rejection] = rejections;
  if (rejection !== undefined)
    throw new GantryError(
      CHANGE_SET_NOT_APPROVED,
      `change set ${set.number} was rejected by ${rejection.author.name}`,
      {
        hint: "Amend it, or let who rejected it approve it.",
      },
    );
  const [first] = lacking;
  if (first === undefined) return;
  const more = lacking.length === 1 ? "" : ` (and ${lacking.length - 1} more)`;
  throw new GantryError(
    CHANGE_SET_NOT_APPROVED,
    `change set ${set.number} has ${first.has} of ${first.needs} approvals for ${first.key}${more}`,
    { details: { lacking } },
  );
}
