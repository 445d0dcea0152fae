import { createAudit, recordActor, requireToNameFiles, type Principal } from "../access/index.ts";
import { meant, type ExternalConflict } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, type Problem } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { isUniqueViolation, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { BACKEND_CHANGED, BACKEND_EXISTS, BACKEND_INVALID, BACKEND_UNKNOWN } from "./errors.ts";
import type { Keeper, Kept } from "./keeper.ts";
import type { MergedInventory } from "./merged.ts";
import { settingsOf, type Backend, type BackendData } from "./model.ts";
import { openBackend } from "./open.ts";
import { deleteBackend, insertBackend, updateBackend } from "./store.ts";

/** How a backend is. */
export interface BackendStatus {
  readonly name: string;
  readonly kind: string;
  readonly site: string;
  /** `reading`: it was not read yet. */
  readonly state: "reading" | "there" | "missing";
  readonly readAt: number | null;
  /** Since when it is missing, and why. */
  readonly since: number | null;
  readonly error: string | null;
  readonly problems: readonly Problem[];
  /** How many of each kind it holds. */
  readonly rows: Readonly<Record<string, number>>;
  /** What is left out, because its name is taken: the first hundred. */
  readonly conflicts: readonly ExternalConflict[];
}

export interface BackendService {
  list(principal: Principal): readonly Backend[];
  /** By id or name. Errors: `backend_unknown`. */
  get(principal: Principal, idOrName: string): Backend;
  /** Errors: `backend_unknown`. */
  status(principal: Principal, idOrName: string): Promise<BackendStatus>;
  /** Errors: `backend_invalid`, `backend_exists`, `server_file_forbidden`. */
  add(principal: Principal, data: BackendData): Promise<Backend>;
  /** Errors: those of `add`, `backend_unknown`, `backend_changed`. */
  replace(principal: Principal, idOrName: string, version: number | null, data: BackendData): Promise<Backend>;
  /** What it holds is no longer read. Errors: `backend_unknown`, `backend_changed`. */
  remove(principal: Principal, idOrName: string, version: number | null): Promise<void>;
}

export interface BackendServiceParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly keeper: Keeper;
  readonly merged: MergedInventory;
}

const MOST_CONFLICTS = 100;

export function createBackendService(parts: BackendServiceParts): BackendService {
  const { database, clock, random, keeper, merged } = parts;
  const audit = createAudit(parts);

  function find({ tenantId }: Principal, idOrName: string): Kept {
    const all = keeper.of(tenantId);
    const found = all.find(({ backend }) => backend.name === idOrName || backend.id === idOrName);
    if (found !== undefined) return found;
    const names = all.map(({ backend }) => backend.name);
    throw new GantryError(BACKEND_UNKNOWN, `there is no backend '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`);
  }

  function checked({ version: now, name }: Backend, version: number | null): void {
    if (version !== null && version !== now)
      throw new GantryError(BACKEND_CHANGED, `backend '${name}' is at version ${now}, not ${version}`);
  }

  /** In full. */
  function settled(principal: Principal, data: BackendData, before?: Backend): BackendData {
    const settings = JSON.parse(JSON.stringify(settingsOf(data.kind, data.settings))) as JsonObject;
    // Before anything is opened, so that nobody learns which files are there.
    requireToNameFiles(principal, settings, before?.kind === data.kind ? before.settings : undefined);
    if (data.kind === "gantry" && URL.parse(String(settings["url"]))?.protocol !== "https:")
      throw new GantryError(BACKEND_INVALID, "settings.url: must be an address like https://127.0.0.1:7411");
    const whole = { ...data, settings };
    openBackend(whole, clock).close?.();
    return whole;
  }

  async function written(
    principal: Principal,
    type: string,
    backend: Backend,
    work: (tx: Transaction) => Promise<void>,
  ) {
    try {
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        await work(tx);
        const { tenantId, id, name, kind, site, version } = backend;
        const subject = { kind: "backend", id, name };
        // Its settings name where tokens are; they are told by none.
        await audit.append(tx, [{ chain: tenantId, action: type, subject, data: { kind, site, version } }]);
        const data = { name, kind, site, by: principal.name };
        await parts.events.append(tx, [{ tenantId, type, subject: { kind: "backend", id }, data }]);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new GantryError(
        BACKEND_EXISTS,
        `there is a backend '${backend.name}' already, or another one for site '${backend.site}'`,
        { cause: error },
      );
    }
  }

  return {
    list: ({ tenantId }) => keeper.of(tenantId).map(({ backend }) => backend),
    get: (principal, idOrName) => find(principal, idOrName).backend,
    async status(principal, idOrName) {
      const { tenantId } = principal;
      const conflicts = await merged.conflicts(tenantId);
      const { backend, external, missing, readAt, problems } = find(principal, idOrName);
      const { name, kind, site } = backend;
      const counts = Object.entries(external?.rows ?? {}).map(([member, rows]) => [member, rows.length] as const);
      return {
        name,
        kind,
        site,
        state: missing !== undefined ? "missing" : external === undefined ? "reading" : "there",
        readAt,
        since: missing?.since ?? null,
        error: missing?.error ?? null,
        problems,
        rows: Object.fromEntries(counts.filter(([, count]) => count > 0)),
        conflicts: conflicts.filter((one) => one.backend === name).slice(0, MOST_CONFLICTS),
      };
    },
    async add(principal, data) {
      const now = clock.now();
      const { tenantId } = principal;
      const backend = {
        ...settled(principal, data),
        id: random.id(),
        tenantId,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      await written(principal, "backend.added", backend, (tx) => insertBackend(tx, backend));
      keeper.put(backend);
      return backend;
    },
    async replace(principal, idOrName, version, data) {
      const { backend: before } = find(principal, idOrName);
      checked(before, version);
      const after = {
        ...before,
        ...settled(principal, data, before),
        version: before.version + 1,
        updatedAt: clock.now(),
      };
      await written(principal, "backend.changed", after, async (tx) => {
        if (!(await updateBackend(tx, after)))
          throw new GantryError(BACKEND_CHANGED, `backend '${before.name}' was changed meanwhile`);
      });
      keeper.put(after);
      return after;
    },
    async remove(principal, idOrName, version) {
      const { backend } = find(principal, idOrName);
      checked(backend, version);
      await written(principal, "backend.removed", backend, async (tx) => {
        if (!(await deleteBackend(tx, backend.id, backend.version)))
          throw new GantryError(BACKEND_CHANGED, `backend '${backend.name}' was changed meanwhile`);
      });
      keeper.drop(backend.id);
    },
  };
}
