import { actorKey, recordActor, requireAt, type Audit, type Permission, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isUniqueViolation, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { SECRET_EXPIRED, SECRET_INVALID, SECRET_NAME_TAKEN, SECRET_UNKNOWN } from "./errors.ts";
import {
  isExpired,
  secretContext,
  secretNameProblem,
  valueProblem,
  type OwnerKey,
  type OwnerKind,
  type SealedSecret,
  type Secret,
  type SecretKind,
} from "./model.ts";
import type { OwnerDirectory, SecretOwner, SecretOwners } from "./owners.ts";
import type { DoOnce } from "./ports.ts";
import type { Sealer } from "./sealer.ts";
import {
  deleteSecret,
  insertSecret,
  selectNamed,
  selectSealed,
  selectSecret,
  selectSecrets,
  updateSecret,
} from "./store.ts";
import { SecretValue } from "./value.ts";

/** A secret as it is shown: with its owner, without its value. */
export interface ShownSecret extends Omit<Secret, "owner"> {
  readonly owner: OwnerKey & { readonly name: string };
}

export interface SecretData {
  readonly kind: SecretKind;
  readonly value: Uint8Array;
  readonly description: string;
  readonly expiresAt: number | null;
}

export interface NewSecret extends SecretData {
  readonly name: string;
  /** By id or name; of a tenant: the one the principal acts in. */
  readonly owner: { readonly kind: OwnerKind; readonly name: string };
}

export interface SecretQuery {
  readonly ownerKind?: OwnerKind | undefined;
  /** By id or name; with `ownerKind`. */
  readonly owner?: string | undefined;
  readonly name?: string | undefined;
  readonly after?: { readonly name: string; readonly id: Id } | undefined;
  readonly limit: number;
}

/** Why somebody uses a secret, for the audit: `{ job: "…" }`. */
export type Purpose = JsonObject;

export interface SecretService {
  /** Those that may be seen. `next`: behind what the next page begins. Errors: `secret_invalid` for an unknown owner. */
  list(
    principal: Principal,
    query: SecretQuery,
  ): Promise<{ readonly items: readonly ShownSecret[]; readonly next: { name: string; id: Id } | null }>;
  get(principal: Principal, id: Id): Promise<ShownSecret>;
  /** `idempotencyKey`: the same key and secret again is answered as the first time. */
  create(principal: Principal, data: NewSecret, idempotencyKey?: string): Promise<ShownSecret>;
  /** `version`: the one that was read; null: whichever. */
  replace(principal: Principal, id: Id, version: number | null, data: SecretData): Promise<ShownSecret>;
  remove(principal: Principal, id: Id, version: number | null): Promise<void>;
  /** The value, for who may read it. Audited. */
  value(principal: Principal, id: Id): Promise<{ readonly secret: ShownSecret; readonly value: SecretValue }>;
  /** For other rooms: the secret of a name that the first of these owners has. No rights are asked for. */
  find(tenantId: Id, owners: readonly OwnerKey[], name: string): Promise<Secret | undefined>;
  /**
   * For other rooms: opens a secret for something that is done with it, in the name of who wants it done. What it is used for is the
   * caller's to authorise; that it was is audited. Not inside a transaction.
   *
   * Errors: `secret_unknown`, `secret_expired`, `secrets_locked`, `secret_damaged`.
   */
  open(principal: Principal, id: Id, purpose: Purpose): Promise<SecretValue>;
  /** Removes what belonged to owners that are no more. Returns how many. */
  sweep(principal: Principal): Promise<number>;
}

export interface SecretServiceParts {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly owners: SecretOwners;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Audit;
  readonly once: DoOnce;
}

type ChangeOfSecret = "secret.created" | "secret.changed" | "secret.deleted";

/** How many rows are read at a time to fill a page with what may be seen. */
const STEP = 500;

export function createSecretService(parts: SecretServiceParts): SecretService {
  const { database, sealer, owners, events, clock, random } = parts;

  /** The secret and its owner; what may not even be listed is not there. Errors: `secret_unknown`, `forbidden`. */
  async function allowed(
    principal: Principal,
    id: Id,
    permission: Permission,
  ): Promise<{ readonly secret: Secret; readonly owner: SecretOwner }> {
    const secret = await selectSecret(database.kysely, principal.tenantId, id);
    const directory = await owners.of(principal.tenantId);
    const owner = secret === undefined ? undefined : directory.byKey(secret.owner);
    if (secret === undefined || owner === undefined) throw unknown(id);
    requireAt(principal, permission, owner.place, () => unknown(id), "secret.list");
    return { secret, owner };
  }

  async function tell(tx: Transaction, principal: Principal, action: ChangeOfSecret, of: ShownSecret): Promise<void> {
    const { id, name, owner, tenantId, version, kind, size } = of;
    const data = { owner: { ...owner }, version, kind, size };
    recordActor(tx, principal);
    await parts.audit.append(tx, [{ chain: tenantId, action, subject: { kind: "secret", id, name }, data }]);
    await events.append(tx, [{ tenantId, type: action, subject: { kind: "secret", id }, data: { name, ...data } }]);
  }

  async function insert(principal: Principal, owner: SecretOwner, data: NewSecret, key?: string): Promise<ShownSecret> {
    const { tenantId } = principal;
    const now = clock.now();
    const { kind, value, description, expiresAt, name } = data;
    const place = { owner: { kind: owner.kind, id: owner.id }, name };
    const request =
      key === undefined
        ? undefined
        : {
            key,
            by: actorKey(principal),
            // The value is in it: its plain hash could be guessed at.
            hash: await sealer.fingerprint(tenantId, [
              "create",
              ...secretContext(place),
              kind,
              Buffer.from(value).toString("latin1"),
              description,
              String(expiresAt),
            ]),
          };
    const tenantSealer = await sealer.sealing(tenantId, 1);
    const sealed = tenantSealer.seal(value, secretContext(place));
    const secret: SealedSecret = {
      id: random.id(),
      tenantId,
      ...place,
      kind,
      size: value.length,
      description,
      expiresAt,
      generation: tenantSealer.generation,
      version: 1,
      createdAt: now,
      updatedAt: now,
      sealed,
    };
    return database.transaction(async (tx) => {
      const answer = await parts.once(tx, tenantId, request, now, async () => {
        const shown = shownOf(secret, owner);
        if ((await selectNamed(tx, tenantId, name, [place.owner])).some((one) => one.owner.kind === owner.kind))
          throw taken(owner, name);
        await insertSecret(tx, secret);
        await tell(tx, principal, "secret.created", shown);
        return shown as unknown as Json;
      });
      return answer as unknown as ShownSecret;
    });
  }

  async function opened(secret: SealedSecret): Promise<SecretValue> {
    if (isExpired(secret, clock.now()))
      throw new GantryError(
        SECRET_EXPIRED,
        `the secret '${secret.name}' was to be used until ${new Date(secret.expiresAt ?? 0).toISOString()}`,
      );
    const bytes = await sealer.open(secret.tenantId, secret.sealed, secretContext(secret));
    const value = new SecretValue(secret.name, bytes);
    bytes.fill(0);
    return value;
  }

  /** It is handed out when it is in the audit, not before. */
  async function openFor(
    principal: Principal,
    id: Id,
    action: "secret.read" | "secret.used",
    more: JsonObject,
  ): Promise<SecretValue> {
    const secret = await selectSealed(database.kysely, principal.tenantId, id);
    if (secret === undefined) throw unknown(id);
    const value = await opened(secret);
    const { tenantId, name, owner, version } = secret;
    const data = { owner: { ...owner }, version, ...more };
    await parts.audit.record(principal, [{ chain: tenantId, action, subject: { kind: "secret", id, name }, data }]);
    return value;
  }

  return {
    async list(principal, { ownerKind, owner: idOrName, name, after, limit }) {
      const directory = await owners.of(principal.tenantId);
      const owner = ownerKind === undefined ? undefined : ownerFilter(principal, directory, ownerKind, idOrName);
      if (owner === undefined && idOrName !== undefined)
        throw new GantryError(SECRET_INVALID, "an owner is named with its kind: give ownerKind as well");
      const items: ShownSecret[] = [];
      for (let from = after; ;) {
        const filter = { ...(owner && { owner }), ...(name !== undefined && { name }), ...(from && { after: from }) };
        const rows = await selectSecrets(database.kysely, principal.tenantId, filter, STEP);
        for (const secret of rows) {
          const found = directory.byKey(secret.owner);
          if (found === undefined || !principal.rights.at("secret.list", found.place)) continue;
          const last = items.at(-1);
          if (items.length === limit && last !== undefined) return { items, next: { name: last.name, id: last.id } };
          items.push(shownOf(secret, found));
        }
        const end = rows.at(-1);
        if (end === undefined || rows.length < STEP) return { items, next: null };
        from = { name: end.name, id: end.id };
      }
    },

    async get(principal, id) {
      const { secret, owner } = await allowed(principal, id, "secret.list");
      return shownOf(secret, owner);
    },

    async create(principal, data, idempotencyKey) {
      const wrongName = secretNameProblem(data.name);
      if (wrongName !== undefined) throw new GantryError(SECRET_INVALID, `the name of the secret ${wrongName}`);
      checkValue(data);
      const directory = await owners.of(principal.tenantId);
      const owner = ownerNamed(principal, directory, data.owner.kind, data.owner.name);
      requireAt(principal, "secret.write", owner.place, () => ownerUnknown(owner.kind, data.owner.name), "secret.list");
      try {
        return await insert(principal, owner, data, idempotencyKey);
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // Somebody was faster in the same moment: with the same request, which is then answered, or with another.
        return insert(principal, owner, data, idempotencyKey);
      }
    },

    async replace(principal, id, version, data) {
      checkValue(data);
      const { secret, owner } = await allowed(principal, id, "secret.write");
      const { kind, value, description, expiresAt } = data;
      const tenantSealer = await sealer.sealing(principal.tenantId, 1);
      const sealed = tenantSealer.seal(value, secretContext(secret));
      return database.transaction(async (tx) => {
        const before = await current(tx, secret, version);
        const after: SealedSecret = {
          ...before,
          kind,
          size: value.length,
          description,
          expiresAt,
          sealed,
          generation: tenantSealer.generation,
          version: before.version + 1,
          updatedAt: clock.now(),
        };
        if (!(await updateSecret(tx, after))) throw unknown(id);
        const shown = shownOf(after, owner);
        await tell(tx, principal, "secret.changed", shown);
        return shown;
      });
    },

    async remove(principal, id, version) {
      const { secret, owner } = await allowed(principal, id, "secret.write");
      await database.transaction(async (tx) => {
        const before = await current(tx, secret, version);
        if (!(await deleteSecret(tx, before))) throw unknown(id);
        await tell(tx, principal, "secret.deleted", shownOf(before, owner));
      });
    },

    async value(principal, id) {
      const { secret, owner } = await allowed(principal, id, "secret.read");
      const value = await openFor(principal, id, "secret.read", {});
      return { secret: shownOf(secret, owner), value };
    },

    async find(tenantId, asked, name) {
      const found = await selectNamed(database.kysely, tenantId, name, asked);
      for (const owner of asked) {
        const secret = found.find((one) => one.owner.kind === owner.kind && one.owner.id === owner.id);
        if (secret !== undefined) return secret;
      }
      return undefined;
    },

    open: (principal, id, purpose) => openFor(principal, id, "secret.used", { purpose }),

    async sweep(principal) {
      const directory = await owners.of(principal.tenantId);
      let removed = 0;
      for (let after: { name: string; id: Id } | undefined; ;) {
        const rows = await selectSecrets(database.kysely, principal.tenantId, after ? { after } : {}, STEP);
        for (const secret of rows.filter((one) => directory.byKey(one.owner) === undefined)) {
          const shown: ShownSecret = { ...secret, owner: { ...secret.owner, name: secret.owner.id } };
          await database.transaction(async (tx) => {
            if (!(await deleteSecret(tx, secret))) return;
            await tell(tx, principal, "secret.deleted", shown);
            removed += 1;
          });
        }
        const end = rows.at(-1);
        if (end === undefined || rows.length < STEP) return removed;
        after = { name: end.name, id: end.id };
      }
    },
  };

  async function current(tx: Transaction, { tenantId, id }: Secret, version: number | null): Promise<Secret> {
    const found = await selectSecret(tx, tenantId, id);
    if (found === undefined) throw unknown(id);
    requireVersion(`the secret '${found.name}'`, found.version, version);
    return found;
  }
}

/** A secret as it is shown: with its owner's name, and without what seals it. */
function shownOf(secret: Secret | SealedSecret, { name }: SecretOwner): ShownSecret {
  const { sealed: _sealed, ...rest } = secret as SealedSecret;
  return { ...rest, owner: { ...secret.owner, name } };
}

/** Of one owner, or of all of a kind. */
function ownerFilter(
  principal: Principal,
  directory: OwnerDirectory,
  kind: OwnerKind,
  idOrName: string | undefined,
): { readonly kind: OwnerKind; readonly id?: Id } {
  if (idOrName === undefined) return { kind };
  const owner = ownerNamed(principal, directory, kind, idOrName);
  return { kind, id: owner.id };
}

/** One whose secrets may not be listed is not there. Errors: `secret_invalid`. */
function ownerNamed({ rights }: Principal, directory: OwnerDirectory, kind: OwnerKind, idOrName: string): SecretOwner {
  const owner = directory.named(kind, idOrName);
  if (owner === undefined || !(rights.at("secret.list", owner.place) || rights.at("secret.write", owner.place)))
    throw ownerUnknown(kind, idOrName);
  return owner;
}

function checkValue({ kind, value }: SecretData): void {
  const wrong = valueProblem(kind, value);
  if (wrong !== undefined) throw new GantryError(SECRET_INVALID, `the value ${wrong}`);
}

function ownerUnknown(kind: string, name: string): GantryError {
  return new GantryError(SECRET_INVALID, `there is no ${kind} '${name.slice(0, 80)}'`);
}

function taken({ kind, name: owner }: SecretOwner, name: string): GantryError {
  return new GantryError(SECRET_NAME_TAKEN, `the ${kind} '${owner}' has a secret '${name}' already`);
}

function unknown(id: string): GantryError {
  return new GantryError(SECRET_UNKNOWN, `there is no secret '${id.slice(0, 80)}'`);
}
