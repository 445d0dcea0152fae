import { sql } from "kysely";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { entryLine, GENESIS, lineHash } from "./audit-model.ts";
import { createAuditReader, type AuditReader } from "./audit-reader.ts";
import { createAudit, type Audit } from "./audit.ts";
import { auditMigrations } from "./audit-tables.ts";
import { verifyLines } from "./commands.ts";
import { administratorPrincipal, DEFAULT_TENANT } from "./model.ts";

const chain = DEFAULT_TENANT.id;
const MANY = 2500;

/** Somebody who has the whole database changes it behind the server's back. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let audit: Audit;
  let reader: AuditReader;
  beforeEach(async () => {
    database = await open(auditMigrations);
    const clock = manualClock(1000);
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    audit = createAudit({ database, clock });
    reader = createAuditReader({ database, audit, bus, clock });
    const drafts = Array.from({ length: MANY }, (_, at) => ({
      chain,
      action: "thing.done",
      subject: { kind: "thing", id: null, name: `thing ${at + 1}` },
      data: { at, text: 'ü "quoted"\n\u2028' },
    }));
    await audit.record(administratorPrincipal("token"), drafts);
    // What somebody typed who never got in.
    const name = "\ud800 \0 ' \u2028 \u{1f600}".padEnd(5000, "x");
    const subject = { kind: "person", id: name, name };
    await audit.record({ kind: "anonymous", id: name, name }, [{ chain: "another", action: "login.failed", subject }]);
  });

  /** The triggers are no obstacle for who owns the database. */
  async function tamper(work: () => Promise<unknown>): Promise<void> {
    if (database.dialect === "postgres")
      await sql`alter table audit_entries disable trigger user`.execute(database.kysely);
    else
      for (const event of ["update", "delete"])
        await sql.raw(`drop trigger audit_entries_no_${event}`).execute(database.kysely);
    await work();
  }
  const entries = () => database.kysely.updateTable("audit_entries").where("chain", "=", chain);
  const removed = () => database.kysely.deleteFrom("audit_entries").where("chain", "=", chain);

  async function exported(): Promise<readonly string[]> {
    const lines: string[] = [];
    for await (const line of reader.lines(chain, 1, {})) lines.push(line);
    return lines;
  }

  async function rewrite(from: number, text: string): Promise<void> {
    const rows = await audit.entriesOf(database.kysely, chain, { from, to: MANY });
    let { prev } = rows[0]!;
    for (const row of rows) {
      const dataText = JSON.stringify({ text });
      const hash = lineHash(entryLine({ ...row, dataText, prev }));
      await entries().set({ data: dataText, prev, hash }).where("seq", "=", row.seq).execute();
      prev = hash;
    }
    await database.kysely.updateTable("audit_head").set({ hash: prev }).where("chain", "=", chain).execute();
  }

  describe("a chain", () => {
    it("that nobody touched is whole, here and as an export, in whole and in part", async () => {
      const head = await audit.head(chain);
      expect(await reader.verify(chain, head)).toEqual({
        entries: MANY,
        last: { seq: MANY, hash: head.hash },
        damage: null,
      });
      expect(await reader.verify("another")).toMatchObject({ entries: 1, damage: null });
      expect(await reader.verify("nothing there")).toEqual({
        entries: 0,
        last: { seq: 0, hash: GENESIS },
        damage: null,
      });
      const lines = await exported();
      expect(await verifyLines(lines)).toMatchObject({ entries: MANY, damage: null, first: 1 });
      expect(await verifyLines(lines.slice(1000), head)).toMatchObject({ entries: 1500, damage: null, first: 1001 });
    });

    const changes = {
      data: { data: '{"at":0}' },
      actor_name: { actor_name: "somebody else" },
      action: { action: "thing.undone" },
      subject_name: { subject_name: "another" },
      time: { time: 1 },
      token_id: { token_id: "a token" },
    };
    for (const [member, set] of Object.entries(changes)) {
      it(`with an entry whose ${member} was changed names it`, async () => {
        await tamper(() => entries().set(set).where("seq", "=", 1234).execute());
        expect(await reader.verify(chain)).toMatchObject({
          entries: 1233,
          damage: { seq: 1234, kind: "changed", message: "entry 1234 was changed: it does not have its hash" },
        });
        expect((await verifyLines(await exported())).damage).toMatchObject({ seq: 1234, kind: "changed" });
      });
    }

    it("without an entry in the middle names it", async () => {
      await tamper(() => removed().where("seq", "in", [700, 701]).execute());
      const { damage } = await reader.verify(chain);
      expect(damage).toEqual({ seq: 700, kind: "missing", message: "entry 700 is missing, and all up to 702" });
      expect((await verifyLines(await exported())).damage).toEqual(damage);
    });

    it("without its last entries says so, by its head, and where the head was changed as well by one that was written down", async () => {
      const known = await audit.head(chain);
      await tamper(() => removed().where("seq", ">", 2000).execute());
      expect((await reader.verify(chain)).damage).toMatchObject({ seq: 2001, kind: "missing" });
      const [last] = await audit.entriesOf(database.kysely, chain, { from: 2000, to: 2000 });
      await database.kysely
        .updateTable("audit_head")
        .set({ seq: 2000, hash: last!.hash })
        .where("chain", "=", chain)
        .execute();
      expect((await reader.verify(chain)).damage).toBeNull();
      expect((await reader.verify(chain, known)).damage).toMatchObject({ seq: 2001, kind: "missing" });
      expect((await verifyLines(await exported(), known)).damage).toMatchObject({ seq: 2001, kind: "missing" });
    });

    it("without any entry says so", async () => {
      await tamper(() => removed().execute());
      expect((await reader.verify(chain)).damage).toMatchObject({ seq: 1, kind: "missing" });
    });

    it("with two entries that changed places names the first", async () => {
      await tamper(async () => {
        await entries().set({ seq: 9999 }).where("seq", "=", 10).execute();
        await entries().set({ seq: 10 }).where("seq", "=", 20).execute();
        await entries().set({ seq: 20 }).where("seq", "=", 9999).execute();
      });
      expect((await reader.verify(chain)).damage).toMatchObject({ seq: 10, kind: "changed" });
    });

    it("with an entry that was written anew with its hash names the next, which does not follow it", async () => {
      await tamper(async () => {
        const [row] = await audit.entriesOf(database.kysely, chain, { from: 50, to: 50 });
        const hash = lineHash(entryLine({ ...row!, dataText: "{}" }));
        await entries().set({ data: "{}", hash }).where("seq", "=", 50).execute();
      });
      expect((await reader.verify(chain)).damage).toEqual({
        seq: 51,
        kind: "rewritten",
        message: "entry 51 does not follow entry 50: one of them was written anew",
      });
    });

    it("that was written anew from an entry on, with all hashes, is known by a head that was written down", async () => {
      const before = await audit.head(chain);
      await tamper(() => rewrite(2400, "as if it had been so"));
      expect((await reader.verify(chain)).damage).toBeNull();
      expect((await reader.verify(chain, before)).damage).toMatchObject({ seq: MANY, kind: "rewritten" });
      expect((await verifyLines(await exported(), before)).damage).toMatchObject({ seq: MANY, kind: "rewritten" });
    });
  });
}
