import type { Database, Queries } from "../../platform/database/index.ts";

/** Where a server dies: at its n-th transaction from 1, before that is committed, or after and before anybody hears of it. */
export interface CrashPoint {
  readonly transaction: number;
  readonly committed: boolean;
}

export interface CrashingDatabase {
  readonly database: Database;
  /**
   * Resolves when the point is reached and all that was begun before it is over. From then on nothing that uses this database goes on,
   * and nothing of it reaches the tables: as PostgreSQL sees a dead server once its connections are gone. A claim that still waited for
   * a connection would lease jobs to nobody when the next server has looked already, and for good where the clock stands still.
   */
  readonly crashed: Promise<"crashed">;
}

/** A database whose user is gone from a point on: as after a kill, whatever it waits for never comes. */
export function crashingDatabase(database: Database, point: CrashPoint): CrashingDatabase {
  const { promise: crashed, resolve } = Promise.withResolvers<"crashed">();
  const never = new Promise<never>(() => {});
  let transactions = 0;
  /** Transactions and single statements that are not over. */
  let open = 0;
  let dead = false;

  /** Does what reaches the database. Who is dead by the end of it hears nothing of it. */
  async function begin<Result>(action: () => Promise<Result>): Promise<Result> {
    if (dead) return never;
    open += 1;
    const [end] = await Promise.allSettled([action()]);
    open -= 1;
    if (dead && open === 0) resolve("crashed");
    if (dead) return never;
    if (end.status === "rejected") throw end.reason;
    return end.value;
  }

  const kysely = new Proxy(database.kysely, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "executeQuery") return value;
      return (...parameters: Parameters<Queries["executeQuery"]>) => begin(() => target.executeQuery(...parameters));
    },
  });

  return {
    crashed,
    database: {
      ...database,
      kysely,
      transaction: (work) =>
        begin(async () => {
          transactions += 1;
          const last = transactions === point.transaction;
          try {
            return await database.transaction(async (tx) => {
              // One that waited for its turn while another died.
              if (dead) throw new Error("dead");
              const written = await work(tx);
              if (last && !point.committed) throw new Error("dies");
              return written;
            });
          } finally {
            if (last) dead = true;
          }
        }),
    },
  };
}
