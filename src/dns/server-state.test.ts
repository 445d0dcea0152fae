import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import type { Database } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import type { CurrentZone } from "./decide.ts";
import { keyOf } from "./difference.ts";
import type { RecordSet, RenderedZone } from "./model.ts";
import { createServerState, type ServerState } from "./server-state.ts";
import { insertPublication, insertTarget, savePublication, saveSets, selectPublishedState } from "./store.ts";
import { dnsMigrations } from "./tables.ts";

const KEY = { zone: "example.org", view: "" };
const authority = { primary: "ns1", contact: "c", ttl: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 };
const head: RenderedZone = { name: "example.org", view: null, reverse: false, parent: null, authority, sets: [] };

let database: Database;
let state: ServerState;

beforeEach(async () => {
  database = await openSqlite([...eventMigrations, ...dnsMigrations]);
  await insertTarget(database.kysely, {
    id: "a",
    tenantId: "t",
    name: "a",
    kind: "nsupdate",
    settings: {},
    zones: [],
    view: null,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  });
  await database.transaction((tx) => insertPublication(tx, "t", "a", KEY));
  state = createServerState(database.kysely);
});

function hosts(...names: readonly string[]): readonly RecordSet[] {
  return names.map((name) => ({ name, type: "A", ttl: 60, values: ["10.0.0.1"] }));
}

/** As publishing does it. What was read before is answered. */
async function published(through: ServerState, sets: readonly RecordSet[], serial: number): Promise<string[] | null> {
  const before = await through.read("a", KEY);
  const current: CurrentZone = { zone: { ...head, sets }, serial, contentHash: `h${serial}` };
  await database.transaction(async (tx) => {
    await through.write(tx, "a", KEY, before, current);
    const change = { state: "published", attempt: 0, nextTryAt: 0, lastError: null } as const;
    await savePublication(tx, "a", KEY, { ...change, serial, contentHash: `h${serial}` });
  });
  through.written("a", KEY, current);
  return before?.map(keyOf).sort() ?? null;
}

describe("what a name server has", () => {
  it("is known without reading it again, and is the same for whoever reads it", async () => {
    expect(await published(state, hosts("a", "b"), 1)).toBeNull();
    expect(await published(state, hosts("b", "c"), 2)).toEqual(["a A", "b A"]);
    expect(await published(state, hosts("b"), 3)).toEqual(["b A", "c A"]);
    expect(await selectPublishedState(database.kysely, "a", KEY)).toMatchObject({ serial: 3, parts: 3 });
    expect(await published(createServerState(database.kysely), hosts("b", "d"), 4)).toEqual(["b A"]);
  });

  it("is read when another process published meanwhile, when nothing is known any more, and after a failure", async () => {
    const other = createServerState(database.kysely);
    await published(state, hosts("a"), 1);
    await published(other, hosts("b"), 2);
    expect(await published(state, hosts("c"), 3)).toEqual(["b A"]);
    state.forget("a", KEY);
    expect(await published(state, hosts("d"), 4)).toEqual(["c A"]);
    await database.transaction((tx) => saveSets(tx, "a", KEY, null));
    expect(await published(state, hosts("e"), 5)).toBeNull();
  });

  it("is written anew before its parts become too many", async () => {
    for (let serial = 1; serial <= 520; serial += 1) await published(state, hosts("a", `host${serial}`), serial);
    expect((await selectPublishedState(database.kysely, "a", KEY)).parts).toBeLessThan(500);
    expect(await published(createServerState(database.kysely), hosts("a"), 521)).toEqual(["a A", "host520 A"]);
  });
});
