import { NOWHERE, type Places } from "../access/index.ts";
import { indexesOf } from "./indexes.ts";
import type { Group, Site, Snapshot } from "./model.ts";
import { placeOf } from "./place.ts";
import type { InventoryStore } from "./store.ts";

const ROWS = { site: "sites", group: "groups" } as const;

/** Sites and groups as role bindings know them: by ids, so that a new name changes nothing. */
export function createPlaces(inventory: Pick<InventoryStore, "snapshot">): Places {
  function byId(snapshot: Snapshot, kind: "site" | "group", id: string): Site | Group | undefined {
    return snapshot[ROWS[kind]].get(indexesOf(snapshot).byId(ROWS[kind], id) ?? "");
  }
  return {
    async find(tenantId, kind, idOrName) {
      const snapshot = await inventory.snapshot(tenantId);
      return (snapshot[ROWS[kind]].get(idOrName) ?? byId(snapshot, kind, idOrName))?.id;
    },
    async in(tenantId) {
      const snapshot = await inventory.snapshot(tenantId);
      return {
        name: (kind, id) => byId(snapshot, kind, id)?.name,
        place(kind, id) {
          const row = byId(snapshot, kind, id);
          return row === undefined ? NOWHERE : placeOf(snapshot, kind, row);
        },
      };
    },
  };
}
