import { type Audit, type Principal, recordActor } from "../access/index.ts";
import type { TaskService } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { EXECUTOR_CONNECTED, EXECUTOR_EMBEDDED } from "./errors.ts";
import type { ExecutorRecord, Node } from "./model.ts";
import { insertRevoked, selectExecutor } from "./store.ts";

/** Executors that are let go by people: shut out for good, or forgotten because they are gone. */
export interface Dismissal {
  /** Its connection ends, what it was doing is settled as lost, and its key never comes back. Errors: `executor_embedded`. */
  revoke(actor: Principal, node: Node): Promise<void>;
  /**
   * What is known of it is removed; what it had is settled as lost. It may join again, by a token. A key that was revoked stays so. Errors:
   * `executor_connected`, `executor_embedded`.
   */
  purge(actor: Principal, node: Node): Promise<void>;
}

export interface DismissalParts {
  readonly database: Database;
  readonly tasks: Pick<TaskService, "reconcile">;
  readonly audit: Audit;
  readonly events: EventStream;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  isEmbedded(id: Id): boolean;
  /** Removes it, and ends its connection with this reason. */
  shutOut(tx: Transaction, record: ExecutorRecord, text: string): Promise<void>;
}

export function createDismissal(parts: DismissalParts): Dismissal {
  const { database, clock } = parts;

  async function dismiss(
    actor: Principal,
    { id, name, kind }: Node,
    how: {
      readonly action: "node.revoked" | "node.purged";
      readonly text: string;
      readonly before?: (tx: Transaction, record: ExecutorRecord) => Promise<void>;
    },
  ): Promise<void> {
    const { action, text, before } = how;
    if (parts.isEmbedded(id)) throw new GantryError(EXECUTOR_EMBEDDED, `${name} is a part of the server`);
    const subject = { kind: "node", id };
    await database.transaction(async (tx) => {
      recordActor(tx, actor);
      const record = await selectExecutor(tx, id);
      if (record === undefined) return;
      await before?.(tx, record);
      await parts.shutOut(tx, record, text);
      await parts.audit.append(tx, [{ chain: actor.tenantId, action, subject: { ...subject, name }, data: { kind } }]);
      await parts.events.append(tx, [{ tenantId: actor.tenantId, type: action, subject, data: { name, kind } }]);
    });
    // It holds nothing any more, so that all that was given to it is lost.
    const nobody = { id, session: parts.random.id(), tenantId: actor.tenantId, modules: {}, siteIds: [] };
    await parts.tasks.reconcile(nobody, []);
  }

  return {
    revoke: (actor, node) =>
      dismiss(actor, node, {
        action: "node.revoked",
        text: "it was revoked",
        before: (tx, record) => insertRevoked(tx, record, clock.now()),
      }),
    async purge(actor, node) {
      if (node.state === "connected" && !parts.isEmbedded(node.id)) {
        throw new GantryError(EXECUTOR_CONNECTED, `${node.name} is connected`);
      }
      await dismiss(actor, node, { action: "node.purged", text: "it was removed" });
    },
  };
}
