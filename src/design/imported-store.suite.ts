import { expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import type { OpenEmptyDatabase } from "../platform/database/index.ts";
import { forgetWritten, IMPORTED_MIGRATION, keepWritten, readWritten } from "./imported-store.ts";

/** What imports wrote of boot profiles, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  it("keeps what each import of each tenant wrote last", async () => {
    const database = await open([IMPORTED_MIGRATION]);
    const tenant = DEFAULT_TENANT.id;
    const keep = (of: string, name: string, written: Readonly<Record<string, string>>): Promise<void> =>
      database.transaction((tx) => keepWritten(tx, of, name, new Map(Object.entries(written))));
    await keep(tenant, "a", { normal: "1", wipe: "2" });
    await keep(tenant, "b", { normal: "3" });
    await keep("other tenant", "a", { normal: "4" });
    await keep(tenant, "a", { normal: "5" });
    expect([...(await readWritten(database.kysely, tenant, "a"))]).toEqual([["normal", "5"]]);
    expect([...(await readWritten(database.kysely, tenant, "b"))]).toEqual([["normal", "3"]]);
    expect((await readWritten(database.kysely, tenant, "c")).size).toBe(0);
    await database.transaction((tx) => forgetWritten(tx, tenant));
    expect((await readWritten(database.kysely, tenant, "a")).size).toBe(0);
    expect((await readWritten(database.kysely, "other tenant", "a")).size).toBe(1);
  });
}
