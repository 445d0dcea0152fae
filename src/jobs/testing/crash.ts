import type { Database, Queries } from "../../platform/database/index.ts";

/** Where a server dies: at its n-th transaction from 1, before that is committed, or after and before anybody hears of it. */
export interface CrashPoint {
  readonly transaction: number;
  readonly committed: boolean;
}

export interface CrashingDatabase {
  readonly database: Database;
  /** Resolves when the point is reached. From then on nothing that uses this database goes on. */
  readonly crashed: Promise<"crashed">;
}

/** A database whose user is gone from a point on: as after a kill, whatever it waits for never comes. */
export function crashingDatabase(database: Database, point: CrashPoint): CrashingDatabase {
  const { promise: crashed, resolve } = Promise.withResolvers<"crashed">();
  const never = new Promise<never>(() => {});
  let transactions = 0;
  let dead = false;

  function die(): void {
    dead = true;
    resolve("crashed");
  }

  const kysely = new Proxy(database.kysely, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "executeQuery") return value;
      return async (...parameters: Parameters<Queries["executeQuery"]>) => {
        if (dead) return never;
        const result = await target.executeQuery(...parameters);
        return dead ? never : result;
      };
    },
  });

  return {
    crashed,
    database: {
      ...database,
      kysely,
      async transaction(work) {
        if (dead) return never;
        transactions += 1;
        const last = transactions === point.transaction;
        try {
          const result = await database.transaction(async (tx) => {
            // One that waited for its turn while another died.
            if (dead) throw new Error("dead");
            const written = await work(tx);
            if (last && !point.committed) throw new Error("dies");
            return written;
          });
          if (last) die();
          return dead ? await never : result;
        } catch (error) {
          if (last) die();
          if (dead) return never;
          throw error;
        }
      },
    },
  };
}
