import { v5 } from "uuid";
import {
  OWNED_RULES,
  planEdits,
  ruleOf,
  type AnyRow,
  type Edit,
  type ExternalRows,
  type ForeignRow,
  type InventoryRows,
  type OwnedKind,
  type Snapshot,
  type Tenant,
} from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { countingRandom, type Id } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { BACKEND_UNREADABLE } from "./errors.ts";
import { ownerOf, type Backend } from "./model.ts";

/** What another place says, as rows that look like those of the database: checked by the same rules. Pure. */

/** Kinds that are taken over. What something is built by stays where it is built; names are published from there. */
export const TAKEN: readonly OwnedKind[] = [
  "site",
  "group",
  "network",
  "link",
  "address_block",
  "structure",
  "interface",
];

const NAMESPACE = "6f3f0f0e-6a0b-5c55-9d5e-6c1b8f0f4a11";

/** The same for as long as the backend and the thing have their names. */
export function foreignId(tenantId: Id, backend: string, kind: string, name: string): Id {
  return v5(`${tenantId} ${backend} ${kind} ${name}`, NAMESPACE);
}

/**
 * The rows of a backend. What refers to something that is not taken over says nothing of it; sites without one above them are below the
 * backend's site.
 *
 * Errors: `backend_unreadable` with every problem.
 */
export function externalRows(
  backend: Pick<Backend, "name" | "site" | "tenantId">,
  tenant: Tenant,
  foreign: readonly ForeignRow[],
): ExternalRows {
  const { name, site, tenantId } = backend;
  const rows = closed(foreign, site);
  const edits = rows.map(({ kind, data }): Edit => ({ action: "create", kind, data }));
  const plan = planEdits(emptyWorld(tenant), edits, {
    now: 0,
    random: countingRandom(),
    managedBy: ownerOf(name),
    cascade: false,
  });
  const [first] = plan.problems;
  if (first !== undefined) {
    const more = plan.problems.length === 1 ? "" : ` (and ${plan.problems.length - 1} more)`;
    throw new GantryError(BACKEND_UNREADABLE, `${first.message}${more}`, { problems: plan.problems });
  }
  const said = new Map(rows.map((row) => [keyOf(row.kind, nameOf(row)), row]));
  const made: Partial<Record<keyof InventoryRows, AnyRow[]>> = {};
  for (const { kind, rows: member } of OWNED_RULES) {
    made[member] = (plan.writes.insert[member] as readonly AnyRow[]).map((row) => {
      const { version = 1, createdAt = 0, updatedAt = 0 } = said.get(keyOf(kind, row.name)) ?? {};
      return { ...row, id: foreignId(tenantId, name, kind, row.name), version, createdAt, updatedAt };
    });
  }
  return { backend: name, site, rows: made as unknown as Partial<InventoryRows> };
}

/** Kinds that names and members follow from. */
const NAMED = ["sites", "groups", "addressBlocks", "structures"] as const;

/** What names and members follow from: no variables, which may hold what nobody is to keep. */
export function namesOf({ backend, site, rows }: ExternalRows): ExternalRows {
  const kept = Object.fromEntries(
    NAMED.map((member) => [
      member,
      (rows[member] ?? []).map((row) => ({ ...row, variables: {}, fields: {}, description: "" })),
    ]),
  );
  return { backend, site, rows: kept as unknown as Partial<InventoryRows> };
}

function emptyWorld(tenant: Tenant): Snapshot {
  const rows = Object.fromEntries(OWNED_RULES.map((rule) => [rule.rows, new Map()]));
  return { ...(rows as unknown as Snapshot), tenant, revision: 0 };
}

function keyOf(kind: OwnedKind, name: string): string {
  return `${kind} ${name}`;
}

function nameOf({ kind, data }: ForeignRow): string {
  const name = data["name"];
  if (kind === "interface" && typeof name !== "string") return `${String(data["structure"])}/${String(data["device"])}`;
  return String(name);
}

/** Rows that refer to nothing but each other. */
function closed(foreign: readonly ForeignRow[], top: string): readonly ForeignRow[] {
  const taken = foreign.filter(({ kind }) => TAKEN.includes(kind));
  if (!taken.some((row) => row.kind === "site" && nameOf(row) === top))
    taken.unshift({ kind: "site", data: { name: top } });
  const names = new Set(taken.map((row) => keyOf(row.kind, nameOf(row))));
  const there = (kind: OwnedKind, name: Json | undefined): boolean =>
    typeof name === "string" && names.has(keyOf(kind, name));
  const one = (kind: OwnedKind, name: Json | undefined): Json => (there(kind, name) ? (name as string) : null);
  const several = (kind: OwnedKind, list: Json | undefined): Json =>
    Array.isArray(list) ? (list as Json[]).filter((name) => there(kind, name)) : [];

  function changes(kind: OwnedKind, data: JsonObject): JsonObject | undefined {
    switch (kind) {
      case "site":
        return { zone: null, parent: data["name"] === top ? null : (one("site", data["parent"]) ?? top) };
      case "group":
        return { parent: one("group", data["parent"]), includes: several("group", data["includes"]) };
      case "network":
        return { site: one("site", data["site"]) };
      case "link": {
        const trunking = isJsonObject(data["trunking"]) ? data["trunking"] : { mode: "disabled" };
        const native = one("network", trunking["native"]);
        return {
          site: one("site", data["site"]),
          networks: several("network", data["networks"]),
          trunking: { ...trunking, native },
        };
      }
      case "address_block":
        return { site: one("site", data["site"]) ?? top, network: one("network", data["network"]) };
      case "interface":
        if (!there("structure", data["structure"])) return undefined;
        return { foundation: null, network: one("network", data["network"]), link: one("link", data["link"]) };
      default: {
        const addresses = Array.isArray(data["addresses"]) ? (data["addresses"] as JsonObject[]) : [];
        return {
          site: one("site", data["site"]) ?? top,
          blueprint: null,
          foundation: null,
          zone: null,
          parent: one("structure", data["parent"]),
          groups: several("group", data["groups"]),
          dependsOn: several("structure", data["dependsOn"]),
          addresses: addresses
            .filter(({ block, address }) => there("address_block", block) && typeof address === "string")
            .map(({ interface: device, ...held }) =>
              there("interface", device) ? { ...held, interface: device as string } : held,
            ),
        };
      }
    }
  }

  return taken.flatMap((row) => {
    const closing = changes(row.kind, row.data);
    return closing === undefined ? [] : [{ ...row, data: { ...row.data, ...closing } }];
  });
}

/** What may be written of a thing, out of what is shown of it. */
export function writtenMembers(kind: OwnedKind, shown: JsonObject): JsonObject {
  const members = Object.keys(ruleOf(kind).schema.shape);
  return Object.fromEntries(Object.entries(shown).filter(([member]) => members.includes(member))) as JsonObject;
}
