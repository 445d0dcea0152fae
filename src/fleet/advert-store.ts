import { advertHash, type ModuleAdvert } from "../link/index.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";

/** What executors can do, as the database keeps it: once, however many say it. */

declare module "../platform/database/tables.ts" {
  interface Tables {
    executor_advert: { hash: string; modules: string };
  }
}

type Modules = Readonly<Record<string, ModuleAdvert>>;

/** By hash: what is under a hash never changes, so that this is right for every database. */
const parsed = new Map<string, Modules>();
/** Adverts kept parsed. */
const MOST_PARSED = 500;

/** By hash. Those that nobody knows are left out. */
export async function selectAdverts(queries: Queries, hashes: Iterable<string>): Promise<ReadonlyMap<string, Modules>> {
  const found = new Map<string, Modules>();
  const missing: string[] = [];
  for (const hash of new Set(hashes)) {
    const known = parsed.get(hash);
    if (known === undefined) missing.push(hash);
    else found.set(hash, known);
  }
  if (missing.length === 0) return found;
  const rows = await queries.selectFrom("executor_advert").selectAll().where("hash", "in", missing).execute();
  for (const { hash, modules } of rows) found.set(hash, keep(hash, JSON.parse(modules) as Modules));
  return found;
}

function keep(hash: string, modules: Modules): Modules {
  const oldest = parsed.keys().next().value;
  if (parsed.size >= MOST_PARSED && oldest !== undefined) parsed.delete(oldest);
  parsed.set(hash, modules);
  return modules;
}

export async function selectAllAdverts(queries: Queries): Promise<readonly Modules[]> {
  const rows = await queries.selectFrom("executor_advert").select("modules").execute();
  return rows.map(({ modules }) => JSON.parse(modules) as Modules);
}

/** Returns the hash, or null for who can do nothing. */
export async function saveAdvert(tx: Transaction, modules: Modules): Promise<string | null> {
  if (Object.keys(modules).length === 0) return null;
  const hash = advertHash(modules);
  await insertAdverts(tx, [{ hash, modules }]);
  return hash;
}

export async function insertAdverts(
  tx: Transaction,
  adverts: readonly { readonly hash: string; readonly modules: Modules }[],
): Promise<void> {
  for (const { hash, modules } of adverts) {
    await tx
      .insertInto("executor_advert")
      .values({ hash, modules: JSON.stringify(modules) })
      .onConflict((conflict) => conflict.column("hash").doNothing())
      .execute();
  }
}

/** Drops what nobody says any more. */
export async function deleteUnusedAdverts(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx
      .deleteFrom("executor_advert")
      .where("hash", "not in", (eb) =>
        eb.selectFrom("executor").select("advert").where("advert", "is not", null).$castTo<{ advert: string }>(),
      )
      .execute();
  });
}
