import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createGroupCommit, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { GENESIS, SERVER_CHAIN, type AuditDraft } from "./audit-model.ts";
import { createAudit, recordActor, type Audit } from "./audit.ts";
import { auditMigrations } from "./audit-tables.ts";
import { administratorPrincipal, DEFAULT_TENANT } from "./model.ts";

const chain = DEFAULT_TENANT.id;
const administrator = administratorPrincipal("token");

function draft(name: string, more: Partial<AuditDraft> = {}): AuditDraft {
  return { chain, action: "thing.done", subject: { kind: "thing", id: `id of ${name}`, name }, ...more };
}

/** What the audit does on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let audit: Audit;
  beforeEach(async () => {
    database = await open(auditMigrations);
    clock = manualClock(1000);
    audit = createAudit({ database, clock });
  });

  const all = (of = chain) => audit.entriesOf(database.kysely, of, { from: 1, to: 1000 });
  const named = async (of = chain) => (await all(of)).map(({ seq, subject, actor }) => [seq, subject.name, actor.name]);

  describe("the audit", () => {
    it("numbers entries without gaps, each with the hash of the one before, a chain for each tenant and one for the server", async () => {
      await database.transaction(async (tx) => {
        recordActor(tx, { ...administrator, tokenId: "t1", accountId: "a1" });
        await audit.append(tx, [draft("a", { data: { "1": [null, "ä\u0000\ud800"] } }), draft("b")]);
        await audit.append(tx, [draft("s", { chain: SERVER_CHAIN }), draft("c")]);
      });
      clock.advance(-500);
      await audit.record({ kind: "anonymous", id: null, name: "somebody" }, [draft("d")]);
      const entries = await all();
      expect(entries.map(({ seq, time, subject }) => [seq, time, subject.name])).toEqual([
        [1, 1000, "a"],
        [2, 1000, "b"],
        [3, 1000, "c"],
        [4, 1000, "d"],
      ]);
      expect(entries.map(({ prev }) => prev)).toEqual([GENESIS, ...entries.slice(0, 3).map(({ hash }) => hash)]);
      expect(entries[0]).toMatchObject({
        actor: { kind: "administrator", id: "a1", name: "administrator (token)", tokenId: "t1" },
        data: { "1": [null, "ä\u0000\ud800"] },
      });
      expect(entries[3]?.actor).toEqual({ kind: "anonymous", id: null, name: "somebody" });
      expect(await audit.head(chain)).toEqual({ seq: 4, time: 1000, hash: entries[3]?.hash });
      expect(await named(SERVER_CHAIN)).toEqual([[1, "s", "administrator (token)"]]);
      expect(await audit.head("nobody")).toEqual({ seq: 0, time: 0, hash: GENESIS });
    });

    it("leaves nothing of a transaction or a unit of work that was undone, and names each unit's own actor", async () => {
      const undone = database.transaction(async (tx) => {
        await audit.append(tx, [draft("ghost")]);
        expect(await audit.seqs(tx, chain)).toEqual({ from: 1, to: 1 });
        throw new Error("given up");
      });
      await expect(undone).rejects.toThrow("given up");
      const group = createGroupCommit(database);
      const units = [
        group.submit(async (tx) => {
          recordActor(tx, administrator);
          await audit.append(tx, [draft("first")]);
        }),
        group.submit(async (tx) => {
          await audit.append(tx, [draft("written and undone")]);
          await audit.seqs(tx, chain);
          throw new Error("this unit alone");
        }),
        group.submit((tx) => audit.append(tx, [draft("last")])),
      ];
      expect((await Promise.allSettled(units)).map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(await named()).toEqual([
        [1, "first", "administrator (token)"],
        [2, "last", "server"],
      ]);
    });

    it("says which entries a transaction wrote, also when there are too many to wait for its end", async () => {
      await audit.record(administrator, [draft("before")]);
      const range = await database.transaction(async (tx) => {
        for (let part = 0; part < 3; part += 1)
          await audit.append(
            tx,
            Array.from({ length: 2500 }, (_, at) => draft(`${part} ${at}`)),
          );
        expect(await audit.seqs(tx, SERVER_CHAIN)).toBeUndefined();
        return audit.seqs(tx, chain);
      });
      expect(range).toEqual({ from: 2, to: 7501 });
      const [last] = await audit.entriesOf(database.kysely, chain, { from: 7501, to: 9000 });
      expect(last?.subject.name).toBe("2 2499");
    });

    it("keeps one chain with many writers at once", async () => {
      await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          database.transaction(async (tx) => {
            await audit.append(tx, [draft(`x${at}`), draft(`y${at}`)]);
            await audit.append(tx, [draft("server", { chain: SERVER_CHAIN })]);
          }),
        ),
      );
      const entries = await all();
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 80 }, (_, at) => at + 1));
      expect(entries.every(({ prev }, at) => prev === (entries[at - 1]?.hash ?? GENESIS))).toBe(true);
      expect(await all(SERVER_CHAIN)).toHaveLength(40);
    });

    it("tells of what was added, once it is committed", async () => {
      const bus = createInProcessBus(silentLogger());
      const told: unknown[] = [];
      bus.subscribe("audit", (payload) => {
        told.push(payload);
      });
      const telling = createAudit({ database, clock, bus });
      await telling.record(administrator, [draft("a"), draft("b")]);
      await expect.poll(() => told).toEqual([chain]);
    });

    it("refuses to change or remove an entry", async () => {
      await audit.record(administrator, [draft("a"), draft("b")]);
      const changed = database.kysely.updateTable("audit_entries").set({ action: "other" }).execute();
      await expect(changed).rejects.toThrow("neither changed nor removed");
      const removed = database.kysely.deleteFrom("audit_entries").where("seq", "=", 2).execute();
      await expect(removed).rejects.toThrow("neither changed nor removed");
      if (database.dialect === "postgres")
        await expect(sql`truncate audit_entries`.execute(database.kysely)).rejects.toThrow("neither changed");
      expect(await all()).toHaveLength(2);
    });
  });
}
