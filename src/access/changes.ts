import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";

/** Wakes whoever keeps rights, on every server: something about accounts, tokens, roles or bindings is otherwise. */
export const ACCESS_SUBJECT = "access.changed";

/** Who may do what is otherwise: told at once on this server, and counted in the database for the others. */
export interface AccessChanges {
  /** Every transaction that writes accounts, tokens, roles or bindings calls it. */
  changed(tx: Transaction): Promise<void>;
  /** Called as soon as a change is committed here, before whoever made it is answered. */
  onChange(listener: () => void): void;
  /** Grows with every change, on whichever server it was made. */
  revision(): Promise<number>;
}

export function createAccessChanges(database: Database, bus: Bus): AccessChanges {
  const listeners: (() => void)[] = [];
  return {
    async changed(tx) {
      await tx
        .updateTable("access_revision")
        .set((one) => ({ revision: one("revision", "+", 1) }))
        .execute();
      afterCommit(tx, ACCESS_SUBJECT, () => {
        for (const listener of listeners) listener();
        bus.publish(ACCESS_SUBJECT, {});
      });
    },
    onChange: (listener) => void listeners.push(listener),
    async revision() {
      const row = await database.kysely.selectFrom("access_revision").select("revision").executeTakeFirstOrThrow();
      return row.revision;
    },
  };
}
