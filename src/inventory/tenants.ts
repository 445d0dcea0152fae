import type { Principal } from "../access/index.ts";
import { createAudit, DEFAULT_TENANT, recordActor, SERVER_CHAIN } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import {
  isForeignKeyViolation,
  isUniqueViolation,
  type Queries,
  type Transaction,
} from "../platform/database/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { holdInventory } from "./allocation-store.ts";
import { removedEntry, tenantRow } from "./audited.ts";
import type { Edit, EditPlan } from "./edit-model.ts";
import type { Answer, EditServiceParts } from "./edit-service.ts";
import { shaped } from "./edit-shape.ts";
import { meant } from "./edit-touched.ts";
import { MEMBER_INVALID, NAME_TAKEN, TENANT_NOT_EMPTY, TENANT_UNKNOWN } from "./errors.ts";
import { once, type RequestOnce } from "./idempotency-store.ts";
import { OWNED_RULES, ruleOf } from "./kinds.ts";
import type { Tenant } from "./model.ts";
import { rowOf, TENANT_MEMBERS } from "./rows.ts";
import type { InventoryService } from "./service.ts";

type Present = (plan: Pick<EditPlan, "results" | "row">) => Answer;

export interface TenantService {
  /** All of them, by name. */
  all(): Promise<readonly Tenant[]>;
  /** The error of a tenant that is not there, without a hint at those that are. */
  unknown(idOrName: string): GantryError;
  /** By id or name; with a time, as it was then. Errors: `tenant_unknown`, `history_begins`, `history_too_long`. */
  find(idOrName: string, at?: number): Promise<Tenant>;
  /** Errors: `member_invalid` and its like, `name_taken`. */
  create(principal: Principal, data: JsonObject, request: RequestOnce | undefined, present: Present): Promise<Answer>;
  /** Replaces or patches it; a new name renames it. Errors: those of an edit. */
  edit(
    principal: Principal,
    idOrName: string,
    edit: (name: string) => Edit,
    request: RequestOnce | undefined,
    present: Present,
  ): Promise<Answer>;
  /** Errors: `tenant_unknown`, `version_mismatch`, `tenant_not_empty`. */
  remove(
    principal: Principal,
    idOrName: string,
    version: number | null,
    request: RequestOnce | undefined,
    present: Present,
  ): Promise<Answer>;
}

function unknown(idOrName: string, hint = ""): GantryError {
  return new GantryError(TENANT_UNKNOWN, `there is no tenant '${idOrName.slice(0, 80)}'${hint}`);
}

/** `removed`: what others keep of a tenant goes in the same transaction. */
export function createTenantService(
  parts: EditServiceParts,
  inventory: InventoryService,
  removed: (tx: Transaction, tenantId: Id) => Promise<void> = async () => {},
): TenantService {
  const { database, inventory: store, events, clock, random } = parts;
  const audit = createAudit(parts);

  async function all(queries: Queries = database.kysely): Promise<readonly Tenant[]> {
    const rows = await queries.selectFrom("tenant").selectAll().orderBy("name").execute();
    return rows.map((row) => rowOf<Tenant>({ members: TENANT_MEMBERS }, row));
  }

  async function find(idOrName: string, queries: Queries = database.kysely): Promise<Tenant> {
    const row = await queries
      .selectFrom("tenant")
      .selectAll()
      .where((one) => one.or([one("id", "=", idOrName), one("name", "=", idOrName)]))
      .orderBy("name")
      .executeTakeFirst();
    if (row !== undefined) return rowOf<Tenant>({ members: TENANT_MEMBERS }, row);
    const names = (await all(queries)).map(({ name }) => name);
    throw unknown(idOrName, meant(idOrName, names));
  }

  async function tell(
    tx: Transaction,
    type: "created" | "removed",
    { id, name }: Tenant,
    principal: Principal,
  ): Promise<void> {
    const subject = { kind: "tenant", id, name };
    await audit.append(tx, [{ chain: SERVER_CHAIN, action: `tenant.${type}`, subject }]);
    const data = { name, kind: "tenant", by: principal.name, fields: [] };
    const event = { tenantId: principal.tenantId, type: `inventory.${type}`, subject: { kind: "tenant", id }, data };
    await events.append(tx, [event]);
  }

  async function insert(tx: Transaction, principal: Principal, data: JsonObject): Promise<Tenant> {
    const result = shaped("tenant", data);
    if ("problems" in result) {
      const [first] = result.problems;
      const name = String(data["name"] ?? "").slice(0, 80);
      throw new GantryError(first?.error ?? MEMBER_INVALID, `tenant '${name}': ${first?.message ?? "is not valid"}`);
    }
    const now = clock.now();
    const tenant = {
      ...result.data,
      id: random.id(),
      managedBy: "person",
      applied: {},
      wanted: "built",
      version: 1,
      createdAt: now,
      updatedAt: now,
    } as unknown as Tenant;
    const taken = await tx.selectFrom("tenant").select("id").where("name", "=", tenant.name).executeTakeFirst();
    if (taken !== undefined) throw new GantryError(NAME_TAKEN, `there is a tenant '${tenant.name}' already`);
    await store.createTenant(tx, tenant);
    await tell(tx, "created", tenant, principal);
    return tenant;
  }

  async function remove(
    tx: Transaction,
    principal: Principal,
    idOrName: string,
    version: number | null,
  ): Promise<Tenant> {
    const tenant = await find(idOrName, tx);
    requireVersion(`tenant '${tenant.name}'`, tenant.version, version);
    if (tenant.id === DEFAULT_TENANT.id)
      throw new GantryError(TENANT_NOT_EMPTY, `tenant '${tenant.name}' is the one of whoever names none, and stays`);
    const owned = await countOwned(tx, tenant.id);
    if (owned.length > 0)
      throw new GantryError(
        TENANT_NOT_EMPTY,
        `tenant '${tenant.name}' owns ${owned.map(([text]) => text).join(", ")}`,
        {
          details: Object.fromEntries(owned.map(([, kind, count]) => [kind, count])),
        },
      );
    await audit.append(tx, [removedEntry({ chain: tenant.id, table: "tenant" }, await tenantRow(tx, tenant.id))]);
    await tx.deleteFrom("inventory_removed").where("tenant_id", "=", tenant.id).execute();
    await tx.deleteFrom("idempotency").where("tenant_id", "=", tenant.id).execute();
    await removed(tx, tenant.id);
    try {
      await tx.deleteFrom("tenant").where("id", "=", tenant.id).execute();
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new GantryError(TENANT_NOT_EMPTY, `tenant '${tenant.name}' still owns something`, { cause: error });
    }
    await tell(tx, "removed", tenant, principal);
    return tenant;
  }

  /** Does the work once for a key of the tenant who asks. */
  function answer(
    principal: Principal,
    request: RequestOnce | undefined,
    work: (tx: Transaction) => Promise<Answer>,
  ): Promise<Answer> {
    return database.transaction(async (tx) => {
      recordActor(tx, principal);
      await holdInventory(tx, principal.tenantId);
      const kept = await once(
        tx,
        principal.tenantId,
        request,
        clock.now(),
        async () => (await work(tx)) as unknown as Json,
      );
      return kept as unknown as Answer;
    });
  }

  function plan(tenant: Tenant, action: "created" | "removed"): Pick<EditPlan, "results" | "row"> {
    const { id, name, version } = tenant;
    return { results: [{ kind: "tenant", id, name, version, action, fields: [] }], row: () => tenant };
  }

  return {
    all: () => all(),
    unknown: (idOrName) => unknown(idOrName),
    async find(idOrName, at) {
      const tenant = await find(idOrName);
      return at === undefined ? tenant : (await store.snapshotAt(tenant.id, at)).tenant;
    },
    create: (principal, data, request, present) =>
      answer(principal, request, async (tx) => present(plan(await insert(tx, principal, data), "created"))),
    async edit(principal, idOrName, edit, request, present) {
      const tenant = await find(idOrName);
      try {
        return await inventory.answer({ ...principal, tenantId: tenant.id }, [edit(tenant.name)], { request }, present);
      } catch (error) {
        if (!isUniqueViolation((error as { cause?: unknown }).cause ?? error)) throw error;
        throw new GantryError(NAME_TAKEN, "there is a tenant of this name already", { cause: error });
      }
    },
    remove: (principal, idOrName, version, request, present) =>
      answer(principal, request, async (tx) =>
        present(plan(await remove(tx, principal, idOrName, version), "removed")),
      ),
  };
}

/** `2 sites`, the kind, and how many: of each kind of which the tenant has some. */
async function countOwned(tx: Transaction, tenantId: Id): Promise<readonly (readonly [string, string, number])[]> {
  const found: (readonly [string, string, number])[] = [];
  for (const { kind, table } of OWNED_RULES) {
    const { count } = await tx
      .selectFrom(table)
      .select((one) => one.fn.countAll<number>().as("count"))
      .where("tenant_id", "=", tenantId)
      .executeTakeFirstOrThrow();
    const number = Number(count);
    const { title, plural } = ruleOf(kind);
    if (number > 0) found.push([`${number} ${number === 1 ? title : plural.replaceAll("-", " ")}`, kind, number]);
  }
  return found;
}
