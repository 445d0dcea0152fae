import { beforeEach, describe, expect, it } from "vitest";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import type { ToldEvent, Webhook } from "./model.ts";
import {
  claimWebhook,
  countDeadLetters,
  deleteDeadLetter,
  deleteWebhook,
  forgetTenant,
  insertHold,
  insertWebhook,
  pruneDeadLetters,
  pruneHolds,
  releaseWebhooks,
  saveDeadLetter,
  saveState,
  selectDeadLetters,
  selectHolds,
  selectState,
  selectWebhooks,
  updateWebhook,
  wantReplay,
  type Hold,
} from "./store.ts";
import { webhookMigrations } from "./tables.ts";

const webhook: Webhook = {
  id: "w1",
  tenantId: "t",
  name: "chat",
  url: "https://chat.example/hook",
  filter: { types: ["job.*"], subjects: [], sites: ["lab"] },
  ca: null,
  secret: { generation: 1 },
  former: null,
  active: true,
  owner: { accountId: null, name: "administrator" },
  version: 1,
  createdAt: 1,
  updatedAt: 1,
};

function event(id: string): ToldEvent {
  return {
    id,
    tenantId: "t",
    at: 1,
    type: "job.failed",
    subject: { kind: "job", id: "j" },
    data: { a: 1 },
    cursor: "0-1",
  };
}

/** Where webhooks are kept, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open(webhookMigrations);
  });

  describe("webhooks", () => {
    it("are kept with how far they have come, and changed only from the version that was read", async () => {
      const other = { ...webhook, id: "w2", tenantId: "u", ca: "PEM", former: { name: "old" }, active: false };
      await database.transaction(async (tx) => {
        await insertWebhook(tx, webhook, "0-0");
        await insertWebhook(tx, other, "0-5");
      });
      expect(await selectWebhooks(database.kysely, "t")).toEqual([webhook]);
      expect(await selectWebhooks(database.kysely)).toEqual([webhook, other]);
      expect(await selectState(database.kysely, "w2")).toMatchObject({ cursor: "0-5", attempts: 0, eventId: null });
      const state = { cursor: "1-2", eventId: "e", attempts: 3, nextAt: 9, lastError: "no", deliveredAt: 8 };
      await saveState(database.kysely, "w1", state);
      expect(await selectState(database.kysely, "w1")).toEqual(state);
      const changed = { ...webhook, version: 2, secret: { name: "mine" } };
      await database.transaction(async (tx) => {
        expect(await updateWebhook(tx, changed)).toBe(true);
        expect(await updateWebhook(tx, changed)).toBe(false);
      });
      expect(await selectWebhooks(database.kysely, "t")).toEqual([changed]);
      const twice = database.transaction((tx) => insertWebhook(tx, { ...webhook, id: "w3" }, "0-0"));
      await expect(twice).rejects.toSatisfy(isUniqueViolation);
      await database.transaction((tx) => deleteWebhook(tx, "w1"));
      expect(await selectState(database.kysely, "w1")).toBeUndefined();
    });

    it("are sent by one server at a time", async () => {
      await database.transaction((tx) => insertWebhook(tx, webhook, "0-0"));
      const claim = (owner: string, now: number, anyway = false): Promise<boolean> =>
        claimWebhook(database.kysely, "w1", { owner, now, until: now + 10, anyway });
      expect([await claim("a", 0), await claim("b", 5), await claim("a", 9)]).toEqual([true, false, true]);
      expect([await claim("b", 18), await claim("b", 19), await claim("a", 20)]).toEqual([false, true, false]);
      await releaseWebhooks(database.kysely, "b");
      expect([await claim("a", 21), await claim("b", 22, true)]).toEqual([true, true]);
    });

    it("keep what was given up, until it is sent after all, or old", async () => {
      await database.transaction(async (tx) => {
        await insertWebhook(tx, webhook, "0-0");
        for (const id of ["e1", "e2", "e3"])
          await saveDeadLetter(tx, { webhookId: "w1", event: event(id), attempts: 2, error: "no", gaveUpAt: 5 });
        expect(await wantReplay(tx, "w1", ["e2", "nothing"])).toBe(1);
      });
      const [wanted] = await selectDeadLetters(database.kysely, "w1", { limit: 9, replay: true });
      expect(wanted).toEqual({
        webhookId: "w1",
        event: event("e2"),
        attempts: 2,
        error: "no",
        gaveUpAt: 5,
        replay: true,
      });
      await database.transaction((tx) =>
        saveDeadLetter(tx, { webhookId: "w1", event: event("e2"), attempts: 3, error: "still", gaveUpAt: 7 }),
      );
      expect(await selectDeadLetters(database.kysely, "w1", { limit: 9, replay: true })).toEqual([]);
      expect((await selectDeadLetters(database.kysely, "w1", { after: "e1", limit: 1 }))[0]).toMatchObject({
        attempts: 3,
      });
      await deleteDeadLetter(database.kysely, "w1", "e1");
      await pruneDeadLetters(database.kysely, 6);
      expect(await countDeadLetters(database.kysely, "w1")).toBe(1);
      await database.transaction((tx) => forgetTenant(tx, "t"));
      expect(await countDeadLetters(database.kysely, "w1")).toBe(0);
    });

    it("hold a task once", async () => {
      const hold: Hold = {
        taskId: "k",
        tenantId: "t",
        jobId: "j",
        type: "hardware.disk_removal",
        subjectId: "f",
        onTimeout: "go_on",
        createdAt: 1,
        expiresAt: 10,
      };
      await database.transaction(async (tx) => {
        expect(await insertHold(tx, hold)).toBe(true);
        expect(await insertHold(tx, { ...hold, expiresAt: 99 })).toBe(false);
      });
      expect([...(await selectHolds(database.kysely, ["k", "l"])).values()]).toEqual([hold]);
      await pruneHolds(database.kysely, 11);
      expect((await selectHolds(database.kysely, ["k"])).size).toBe(0);
    });
  });
}
