import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Queries } from "../platform/database/index.ts";
import { entryOf } from "./audit.ts";
import type { AuditActor, Chain } from "./audit-model.ts";

/** People, programs of theirs and the owner of the server: what the server does because of them is not meant. */
const WHO_WISH: readonly AuditActor["kind"][] = ["administrator", "person", "service"];

/** Entries looked through for somebody who changed more. */
const MOST = 100;

/**
 * Who last changed a row of the inventory, and who last changed more of it than `but` (members that follow from changes elsewhere). The
 * latest first; one of them when they are the same. Empty: nobody but the server did.
 */
export async function lastActors(
  queries: Queries,
  chain: Chain,
  { kind, id, but }: { readonly kind: string; readonly id: Id; readonly but: readonly string[] },
): Promise<readonly AuditActor[]> {
  const rows = await queries
    .selectFrom("audit_entries")
    .selectAll()
    .where("chain", "=", chain)
    .where("subject_kind", "=", kind)
    .where("subject_id", "=", id)
    .where("actor_kind", "in", WHO_WISH)
    .where("action", "in", ["inventory.created", "inventory.changed"])
    .orderBy("seq", "desc")
    .limit(MOST)
    .execute();
  const entries = rows.map(entryOf);
  const last = entries[0]?.actor;
  const editor = entries.find(({ action, data }) => {
    const after = (data["after"] ?? {}) as JsonObject;
    return action === "inventory.created" || Object.keys(after).some((member) => !but.includes(member));
  })?.actor;
  if (last === undefined) return [];
  return editor === undefined || (editor.id === last.id && editor.tokenId === last.tokenId) ? [last] : [last, editor];
}
