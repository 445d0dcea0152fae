import { NOWHERE } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { OwnerDirectory, OwnerKind, SecretOwner, SecretOwners } from "../secrets/index.ts";
import type { Snapshot } from "./model.ts";
import { placeOf } from "./place.ts";
import type { InventoryStore } from "./store.ts";

/** Who may have secrets, for the room of secrets: the tenant, its sites, groups and structures, with their places. */
export function createSecretOwners(parts: {
  readonly database: Database;
  readonly inventory: Pick<InventoryStore, "snapshot">;
}): SecretOwners {
  const { database, inventory } = parts;
  return {
    async of(tenantId) {
      try {
        return directoryOf(await inventory.snapshot(tenantId));
      } catch (error) {
        const rows = await database.kysely.selectFrom("tenant").select("id").where("id", "=", tenantId).execute();
        // Of a tenant that is no more, nobody is there; any other failure must not look like that.
        if (rows.length === 0) return NOBODY;
        throw error;
      }
    },
  };
}

const NOBODY: OwnerDirectory = { byKey: () => undefined, named: () => undefined };

const KINDS = ["site", "group", "structure"] as const;
type Kind = (typeof KINDS)[number];
const ROWS = { site: "sites", group: "groups", structure: "structures" } as const;

/** Names by id: made once for the rows of a kind, which stay the same object while nothing of that kind changes. */
const namesById = new WeakMap<object, ReadonlyMap<Id, string>>();

function nameOf(snapshot: Snapshot, kind: Kind, id: Id): string | undefined {
  const rows = snapshot[ROWS[kind]];
  let names = namesById.get(rows);
  if (names === undefined) {
    names = new Map([...rows.values()].map((row) => [row.id, row.name]));
    namesById.set(rows, names);
  }
  return names.get(id);
}

function directoryOf(snapshot: Snapshot): OwnerDirectory {
  function tenantOwner(): SecretOwner {
    return { kind: "tenant", id: snapshot.tenant.id, name: snapshot.tenant.name, place: NOWHERE };
  }
  function ownerOf(kind: Kind, name: string | undefined): SecretOwner | undefined {
    const row = snapshot[ROWS[kind]].get(name ?? "");
    return row === undefined ? undefined : { kind, id: row.id, name: row.name, place: placeOf(snapshot, kind, row) };
  }
  function isTenant(idOrName: string): boolean {
    return idOrName === snapshot.tenant.id || idOrName === snapshot.tenant.name;
  }
  return {
    byKey({ kind, id }) {
      if (kind === "tenant") return id === snapshot.tenant.id ? tenantOwner() : undefined;
      return ownerOf(kind, nameOf(snapshot, kind, id));
    },
    named(kind: OwnerKind, idOrName) {
      if (kind === "tenant") return isTenant(idOrName) ? tenantOwner() : undefined;
      return ownerOf(kind, idOrName) ?? ownerOf(kind, nameOf(snapshot, kind, idOrName));
    },
  };
}
