import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import {
  afterCommit,
  beforeCommit,
  transactionValue,
  type ColumnValue,
  type Database,
  type Queries,
  type Transaction,
} from "../platform/database/index.ts";
import {
  actorOf,
  entryLine,
  GENESIS,
  lineHash,
  SERVER_ACTOR,
  type AuditActor,
  type AuditDraft,
  type AuditEntry,
  type Chain,
} from "./audit-model.ts";
import { openedSecrets } from "../platform/redaction/index.ts";
import type { Principal } from "./model.ts";
import "./audit-tables.ts";

/** Where a chain ends. `seq` 0: nothing is in it yet. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
  /** Epoch milliseconds of its last entry. */
  readonly time: number;
}

/** Numbers of entries, both included. */
export interface AuditRange {
  readonly from: number;
  readonly to: number;
}

export interface Audit {
  /**
   * Adds entries to their chains, in the order in which they are given. They are written right before the commit, all at once, so that a chain
   * is held only for a moment; what a savepoint undoes leaves none.
   */
  append(tx: Transaction, drafts: readonly AuditDraft[]): Promise<void>;
  /** The same in a transaction of its own. */
  record(actor: Principal | AuditActor, drafts: readonly AuditDraft[]): Promise<void>;
  /** What a transaction has added to a chain so far; it is written now. Undefined: nothing. */
  seqs(tx: Transaction, chain: Chain): Promise<AuditRange | undefined>;
  /** Entries by their numbers; those that are not there are left out. */
  entriesOf(queries: Queries, chain: Chain, range: AuditRange): Promise<readonly AuditEntry[]>;
  head(chain: Chain, queries?: Queries): Promise<AuditHead>;
}

/** Told on the bus after each commit that added entries; the payload is the chain. */
export const AUDIT_SUBJECT = "audit";

/** Entries after which they are written, also before the commit: an import has 100,000. */
const MOST_PENDING = 5000;

interface Pending {
  readonly before: Pending | undefined;
  readonly count: number;
  readonly actor: AuditActor;
  readonly drafts: readonly AuditDraft[];
}

const actors = transactionValue<AuditActor>("unit");
const pending = transactionValue<Pending | undefined>();
const written = transactionValue<ReadonlyMap<Chain, AuditRange>>();

/** Says on whose behalf a transaction works, from here to its end. Without it, it is the program itself. */
export function recordActor(tx: Transaction, principal: Principal): void {
  actors.set(tx, actorOf(principal));
}

export function createAudit(parts: { readonly database: Database; readonly clock: Clock; readonly bus?: Bus }): Audit {
  const { database, clock, bus } = parts;

  async function flush(tx: Transaction): Promise<void> {
    const all = pending.get(tx);
    if (all === undefined) return;
    pending.set(tx, undefined);
    const chains = byChain(all);
    const ranges = new Map(written.get(tx));
    // In one order, so that two transactions with the same chains do not wait for each other.
    for (const chain of [...chains.keys()].sort()) {
      const range = await write(tx, chain, chains.get(chain) ?? []);
      ranges.set(chain, { from: ranges.get(chain)?.from ?? range.from, to: range.to });
      if (bus !== undefined) afterCommit(tx, `${AUDIT_SUBJECT} ${chain}`, () => bus.publish(AUDIT_SUBJECT, chain));
    }
    written.set(tx, ranges);
  }

  async function write(tx: Transaction, chain: Chain, drafts: readonly Attributed[]): Promise<AuditRange> {
    const head = await holdHead(tx, chain);
    const time = Math.max(clock.now(), head.time);
    let { seq, hash } = head;
    const rows: ColumnValue[][] = [];
    for (const { draft, actor: by } of drafts) {
      seq += 1;
      const { action } = draft;
      const { dataText, subject: about } = withoutSecrets(draft);
      const [actor, subject] = [kept(by), kept(about)];
      const prev = hash;
      hash = lineHash(entryLine({ chain, seq, time, actor, action, subject, dataText, prev }));
      const { kind, id, name, tokenId = null } = actor;
      const what = [subject.kind, subject.id, subject.name];
      rows.push([chain, seq, time, kind, id, name, tokenId, action, ...what, dataText, prev, hash]);
    }
    await database.bulkInsert(tx, { table: "audit_entries", columns: COLUMNS, rows });
    await tx.updateTable("audit_head").set({ seq, time, hash }).where("chain", "=", chain).execute();
    return { from: head.seq + 1, to: seq };
  }

  async function append(tx: Transaction, drafts: readonly AuditDraft[]): Promise<void> {
    if (drafts.length === 0) return;
    const before = pending.get(tx);
    const count = drafts.length + (before?.count ?? 0);
    pending.set(tx, { before, count, actor: actors.get(tx) ?? SERVER_ACTOR, drafts });
    beforeCommit(tx, AUDIT_SUBJECT, flush);
    if (count >= MOST_PENDING) await flush(tx);
  }

  return {
    append,
    record: (actor, drafts) =>
      database.transaction(async (tx) => {
        actors.set(tx, "rights" in actor ? actorOf(actor) : actor);
        await append(tx, drafts);
      }),
    async seqs(tx, chain) {
      await flush(tx);
      return written.get(tx)?.get(chain);
    },
    async entriesOf(queries, chain, { from, to }) {
      const rows = await queries
        .selectFrom("audit_entries")
        .selectAll()
        .where("chain", "=", chain)
        .where("seq", ">=", from)
        .where("seq", "<=", to)
        .orderBy("seq")
        .execute();
      return rows.map(entryOf);
    },
    head: (chain, queries = database.kysely) => readHead(queries, chain),
  };
}

/** What was done to rows of the inventory is kept as it is: the inventory of a past time is made of it, and the rows are there as well. */
function withoutSecrets(draft: AuditDraft): { readonly dataText: string; readonly subject: AuditDraft["subject"] } {
  const { action, subject, data = {} } = draft;
  if (action.startsWith("inventory.")) return { dataText: draft.dataText ?? JSON.stringify(data), subject };
  const dataText = draft.dataText ?? JSON.stringify(openedSecrets.json(data));
  return { dataText, subject: { ...subject, name: openedSecrets.text(subject.name) } };
}

/** Characters of a name or an id. */
const LONGEST_TEXT = 1000;

/** Who and what as every database gives it back: who fails to log in may have typed anything for a name, and it is hashed as it is kept. */
function kept<Named extends { readonly id: string | null; readonly name: string }>(one: Named): Named {
  return { ...one, id: one.id === null ? null : keptText(one.id), name: keptText(one.name) };
}

function keptText(text: string): string {
  return text.slice(0, LONGEST_TEXT).toWellFormed().replaceAll("\0", "\ufffd");
}

const COLUMNS: readonly string[] =
  "chain seq time actor_kind actor_id actor_name token_id action subject_kind subject_id subject_name data prev hash".split(
    " ",
  );

interface Attributed {
  readonly draft: AuditDraft;
  readonly actor: AuditActor;
}

/** In the order in which they were given; the list has the last ones first. */
function byChain(last: Pending): ReadonlyMap<Chain, readonly Attributed[]> {
  const parts: Pending[] = [];
  for (let part: Pending | undefined = last; part !== undefined; part = part.before) parts.push(part);
  const chains = new Map<Chain, Attributed[]>();
  for (const { drafts, actor } of parts.reverse()) {
    for (const draft of drafts) {
      const list = chains.get(draft.chain) ?? [];
      if (list.length === 0) chains.set(draft.chain, list);
      list.push({ draft, actor: draft.actor ?? actor });
    }
  }
  return chains;
}

/** The end of a chain, held until the transaction ends. */
async function holdHead(tx: Transaction, chain: Chain): Promise<AuditHead> {
  const held = await hold(tx, chain);
  if (held !== undefined) return held;
  const first = { chain, seq: 0, time: 0, hash: GENESIS };
  await tx
    .insertInto("audit_head")
    .values(first)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await hold(tx, chain)) ?? first;
}

function hold(tx: Transaction, chain: Chain): Promise<AuditHead | undefined> {
  return tx
    .updateTable("audit_head")
    .set({ chain })
    .where("chain", "=", chain)
    .returning(["seq", "time", "hash"])
    .executeTakeFirst();
}

async function readHead(queries: Queries, chain: Chain): Promise<AuditHead> {
  const row = await queries
    .selectFrom("audit_head")
    .select(["seq", "time", "hash"])
    .where("chain", "=", chain)
    .executeTakeFirst();
  return row ?? { seq: 0, time: 0, hash: GENESIS };
}

/** What was done to a thing, the newest first. Without its id it is found by the name that it had last. */
export async function entriesAbout(
  queries: Queries,
  chain: Chain,
  kind: string,
  { id, idOrName }: { readonly id: Id | undefined; readonly idOrName: string },
  most: number,
): Promise<readonly AuditEntry[]> {
  const about = queries
    .selectFrom("audit_entries")
    .selectAll()
    .where("chain", "=", chain)
    .where("subject_kind", "=", kind)
    .orderBy("seq", "desc")
    .limit(most);
  const byId = await about.where("subject_id", "=", id ?? idOrName).execute();
  if (byId.length > 0 || id !== undefined) return byId.map(entryOf);
  const named = await about.where("subject_name", "=", idOrName).limit(1).executeTakeFirst();
  if (named === undefined) return [];
  if (named.subject_id !== null) return (await about.where("subject_id", "=", named.subject_id).execute()).map(entryOf);
  return (await about.where("subject_name", "=", idOrName).execute()).map(entryOf);
}

/** A row of the table. */
export interface EntryColumns {
  readonly chain: string;
  readonly seq: number;
  readonly time: number;
  readonly actor_kind: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly token_id: string | null;
  readonly action: string;
  readonly subject_kind: string;
  readonly subject_id: string | null;
  readonly subject_name: string;
  readonly data: string;
  readonly prev: string;
  readonly hash: string;
}

export function entryOf(row: EntryColumns): AuditEntry {
  const { data, hash, ...rest } = withText(row);
  return { ...rest, data: JSON.parse(data) as JsonObject, hash };
}

/** The line of a row, as it is hashed. */
export function lineOf(row: EntryColumns): string {
  const { data, ...rest } = withText(row);
  return entryLine({ ...rest, dataText: data });
}

function withText(row: EntryColumns): Omit<AuditEntry, "data"> & { readonly data: string } {
  const { chain, seq, time, action, data, prev, hash } = row;
  const token = row.token_id === null ? {} : { tokenId: row.token_id satisfies Id };
  return {
    chain,
    seq,
    time,
    actor: { kind: row.actor_kind as AuditActor["kind"], id: row.actor_id, name: row.actor_name, ...token },
    action,
    subject: { kind: row.subject_kind, id: row.subject_id, name: row.subject_name },
    data,
    prev,
    hash,
  };
}
