import { recordActor, requireAt, type Audit, type Principal } from "../access/index.ts";
import { meant, notFound, placeOf, type Foundation, type Snapshot } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { isUniqueViolation, type Database, type Queries, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { BOOT_PROFILE_IN_USE, BOOT_PROFILE_INVALID, BOOT_PROFILE_NAME_TAKEN, BOOT_PROFILE_UNKNOWN } from "./errors.ts";
import type { BootKeys } from "./keys.ts";
import { profileProblem, type BootProfile, type BootProfileDraft, type BootSetting, type BootSignal } from "./model.ts";
import {
  deleteProfile,
  insertProfile,
  renameInSettings,
  selectProfile,
  selectProfiles,
  selectSettings,
  selectSignals,
  updateProfile,
} from "./store.ts";
import { standingOn } from "./values.ts";

/** What a foundation boots next, and what of its boot is known. */
export interface FoundationBoot {
  readonly foundation: string;
  /** By interface, the one set last first. */
  readonly settings: readonly BootSetting[];
  readonly signal: BootSignal | null;
  /** When the key ends by which the machine may ask; null: there is none. */
  readonly keyExpiresAt: number | null;
}

export interface BootService {
  /** By name. */
  list(principal: Principal): Promise<readonly BootProfile[]>;
  /** By id or name. Errors: `boot_profile_unknown`. */
  get(principal: Principal, idOrName: string): Promise<BootProfile>;
  /** Errors: `boot_profile_invalid`, `boot_profile_name_taken`. */
  create(principal: Principal, draft: BootProfileDraft): Promise<BootProfile>;
  /** Errors: those of `create`, `boot_profile_unknown`, `version_mismatch`. */
  replace(
    principal: Principal,
    idOrName: string,
    version: number | null,
    draft: BootProfileDraft,
  ): Promise<BootProfile>;
  /** Errors: `boot_profile_unknown`, `boot_profile_in_use`, `version_mismatch`. */
  remove(principal: Principal, idOrName: string, version: number | null): Promise<void>;
  /** Within a transaction: makes profiles, or gives those of their names other texts. Errors: `boot_profile_invalid`. */
  save(tx: Transaction, principal: Principal, drafts: readonly Omit<BootProfileDraft, "description">[]): Promise<void>;
  /** Within a transaction: removes those of these names that are there. Errors: `boot_profile_in_use`. */
  drop(tx: Transaction, principal: Principal, names: readonly string[]): Promise<void>;
  /** Errors: `not_found`. */
  foundation(principal: Principal, idOrName: string): Promise<FoundationBoot>;
  /** A key for a machine that is booted by hand; those it had end. Errors: `not_found`, `forbidden`. */
  makeKey(principal: Principal, idOrName: string): Promise<{ readonly key: string; readonly expiresAt: number }>;
}

export interface BootServiceParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: BootKeys;
  snapshot(tenantId: Id): Promise<Snapshot>;
}

export function createBootService(parts: BootServiceParts): BootService {
  const { database, events, audit, clock, random, keys } = parts;

  async function found(queries: Queries, { tenantId }: Principal, idOrName: string): Promise<BootProfile> {
    const all = await selectProfiles(queries, tenantId);
    const one = all.find(({ name }) => name === idOrName) ?? all.find(({ id }) => id === idOrName);
    if (one !== undefined) return one;
    throw unknownProfile(idOrName, all);
  }

  async function told(tx: Transaction, principal: Principal, type: string, profile: BootProfile): Promise<void> {
    const { tenantId, id, name, version } = profile;
    recordActor(tx, principal);
    const subject = { kind: "boot_profile", id };
    await audit.append(tx, [{ chain: tenantId, action: type, subject: { ...subject, name }, data: { version } }]);
    await events.append(tx, [{ tenantId, type, subject, data: { name, version, by: principal.name } }]);
  }

  function named(taken: string): (error: unknown) => never {
    return (error) => {
      if (!isUniqueViolation(error)) throw error;
      throw new GantryError(BOOT_PROFILE_NAME_TAKEN, `there is a boot profile '${taken}' already`, { cause: error });
    };
  }

  async function foundationNamed(
    { tenantId }: Principal,
    idOrName: string,
  ): Promise<{ readonly snapshot: Snapshot; readonly foundation: Foundation | undefined }> {
    const snapshot = await parts.snapshot(tenantId);
    const { foundations } = snapshot;
    const byName = foundations.get(idOrName);
    return { snapshot, foundation: byName ?? [...foundations.values()].find(({ id }) => id === idOrName) };
  }

  async function removeOne(
    tx: Transaction,
    principal: Principal,
    before: BootProfile,
    foundations: Snapshot["foundations"],
  ): Promise<void> {
    const { tenantId, name } = before;
    const users = new Set((await selectSettings(tx, { tenantId, profile: name })).map((one) => one.foundationId));
    // A foundation that is gone boots nothing.
    const using = [...foundations.values()].filter(({ id }) => users.has(id)).map((one) => one.name);
    if (using.length > 0)
      throw new GantryError(
        BOOT_PROFILE_IN_USE,
        `the boot profile '${name}' is what these boot next: ${using.slice(0, 10).join(", ")}`,
      );
    await deleteProfile(tx, before.id);
    await told(tx, principal, "boot_profile.removed", before);
  }

  return {
    list: ({ tenantId }) => selectProfiles(database.kysely, tenantId),
    get: (principal, idOrName) => found(database.kysely, principal, idOrName),
    async create(principal, draft) {
      check(draft);
      const now = clock.now();
      const { tenantId } = principal;
      const profile = { ...draft, id: random.id(), tenantId, version: 1, createdAt: now, updatedAt: now };
      await database
        .transaction(async (tx) => {
          await insertProfile(tx, profile);
          await told(tx, principal, "boot_profile.created", profile);
        })
        .catch(named(draft.name));
      return profile;
    },
    async replace(principal, idOrName, version, draft) {
      check(draft);
      return database
        .transaction(async (tx) => {
          const before = await found(tx, principal, idOrName);
          requireVersion(`boot profile '${before.name}'`, before.version, version);
          const after = { ...before, ...draft, version: before.version + 1, updatedAt: clock.now() };
          if (!(await updateProfile(tx, after))) throw unknownProfile(idOrName, []);
          if (after.name !== before.name) await renameInSettings(tx, before.tenantId, before.name, after.name);
          await told(tx, principal, "boot_profile.changed", after);
          return after;
        })
        .catch(named(draft.name));
    },
    async remove(principal, idOrName, version) {
      const { foundations } = await parts.snapshot(principal.tenantId);
      await database.transaction(async (tx) => {
        const before = await found(tx, principal, idOrName);
        requireVersion(`boot profile '${before.name}'`, before.version, version);
        await removeOne(tx, principal, before, foundations);
      });
    },
    async save(tx, principal, drafts) {
      const now = clock.now();
      const { tenantId } = principal;
      for (const draft of drafts) {
        const before = await selectProfile(tx, tenantId, draft.name);
        check({ description: "", ...draft });
        if (before === undefined) {
          const made = {
            description: "",
            ...draft,
            id: random.id(),
            tenantId,
            version: 1,
            createdAt: now,
            updatedAt: now,
          };
          await insertProfile(tx, made);
          await told(tx, principal, "boot_profile.created", made);
        } else {
          const after = { ...before, ...draft, version: before.version + 1, updatedAt: now };
          await updateProfile(tx, after);
          await told(tx, principal, "boot_profile.changed", after);
        }
      }
    },
    async drop(tx, principal, names) {
      if (names.length === 0) return;
      const { foundations } = await parts.snapshot(principal.tenantId);
      for (const name of names) {
        const before = await selectProfile(tx, principal.tenantId, name);
        if (before !== undefined) await removeOne(tx, principal, before, foundations);
      }
    },
    async foundation(principal, idOrName) {
      const { snapshot, foundation } = await foundationNamed(principal, idOrName);
      if (foundation === undefined || !mayRead(principal, snapshot, foundation)) {
        const readable = [...snapshot.foundations.values()].filter((one) => mayRead(principal, snapshot, one));
        throw notFound(
          "foundation",
          idOrName,
          readable.map(({ name }) => name),
        );
      }
      const { id, name, tenantId } = { ...foundation, tenantId: principal.tenantId };
      const settings = await selectSettings(database.kysely, { tenantId, foundationId: id });
      const signal = (await selectSignals(database.kysely, [id])).get(id) ?? null;
      return { foundation: name, settings, signal, keyExpiresAt: await keys.expiryOf(id) };
    },
    async makeKey(principal, idOrName) {
      const { snapshot, foundation } = await foundationNamed(principal, idOrName);
      const hidden = (): GantryError => notFound("foundation", idOrName, []);
      if (foundation === undefined) throw hidden();
      const { tenantId } = principal;
      const standing = standingOn(snapshot, foundation.name);
      const structure = standing.length === 1 ? standing[0] : undefined;
      // By the key the values of secrets can be read, of the foundation and of what stands on it.
      requireAt(principal, "secret.read", placeOf(snapshot, "foundation", foundation), hidden);
      if (structure !== undefined)
        requireAt(principal, "secret.read", placeOf(snapshot, "structure", structure), hidden);
      const draft = await keys.draft(tenantId);
      const { id: foundationId, name } = foundation;
      return database.transaction(async (tx) => {
        recordActor(tx, principal);
        const key = await keys.mint(tx, draft, {
          tenantId,
          foundationId,
          structureId: structure?.id ?? null,
          jobId: null,
        });
        const subject = { kind: "foundation", id: foundationId, name };
        const data = { expiresAt: key.expiresAt };
        await audit.append(tx, [{ chain: tenantId, action: "boot.key_made", subject, data }]);
        return { key: draft.key, expiresAt: key.expiresAt };
      });
    },
  };
}

function mayRead({ rights }: Principal, snapshot: Snapshot, foundation: Foundation): boolean {
  return rights.at("inventory.read", placeOf(snapshot, "foundation", foundation));
}

/** Errors: `boot_profile_invalid`. */
function check(draft: BootProfileDraft): void {
  const wrong = profileProblem(draft);
  if (wrong !== undefined) throw new GantryError(BOOT_PROFILE_INVALID, wrong);
}

/** The error of a profile that is not there, with the name that was most likely meant. */
export function unknownProfile(idOrName: string, all: readonly { readonly name: string }[]): GantryError {
  const names = all.map(({ name }) => name);
  return new GantryError(
    BOOT_PROFILE_UNKNOWN,
    `there is no boot profile '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`,
  );
}

/** For scripts. Errors: `boot_profile_unknown`. */
export async function requireProfile(queries: Queries, tenantId: Id, name: string): Promise<BootProfile> {
  const profile = await selectProfile(queries, tenantId, name);
  if (profile === undefined) throw unknownProfile(name, await selectProfiles(queries, tenantId));
  return profile;
}
