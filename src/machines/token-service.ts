import { createAudit, hashToken, recordActor, requireAt, type Principal } from "../access/index.ts";
import { notFound, placeOf, type InventoryStore } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { MACHINE_TOKEN_UNKNOWN } from "./errors.ts";
import { deleteToken, insertToken, selectTokens, type MachineToken } from "./store.ts";

/** Registration tokens: each of one site, of use as often as machines boot, and for nothing but registering. */
export interface MachineTokenService {
  /** The token is told here, and never again. `expiresIn`: seconds; undefined: until it is revoked. Errors: `not_found`. */
  create(
    principal: Principal,
    request: { readonly site: string; readonly description: string; readonly expiresIn?: number | undefined },
  ): Promise<MachineToken & { readonly token: string }>;
  list(
    principal: Principal,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly MachineToken[]>;
  /** Errors: `machine_token_unknown`. */
  revoke(principal: Principal, id: Id): Promise<void>;
}

export interface MachineTokenParts {
  readonly database: Database;
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  /** Pin of the server's authority, base64url: by it a machine knows the server. */
  pin(): string;
}

export function createMachineTokenService(parts: MachineTokenParts): MachineTokenService {
  const { database, inventory, clock, random } = parts;
  const audit = createAudit(parts);
  return {
    async create(principal, { site, description, expiresIn }) {
      const snapshot = await inventory.snapshot(principal.tenantId);
      const hidden = (): GantryError =>
        notFound("site", site, principal.rights.everywhere("inventory.read") ? snapshot.sites.keys() : []);
      const found = snapshot.sites.get(site);
      if (found === undefined) throw hidden();
      requireAt(principal, "fleet.manage", placeOf(snapshot, "site", found), hidden);
      const token = `gantry_machine_${random.token(32)}`;
      const now = clock.now();
      const expiresAt = expiresIn === undefined ? null : now + expiresIn * 1000;
      const kept: MachineToken = { id: random.id(), site, description, createdAt: now, expiresAt, usedAt: null };
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        await insertToken(tx, { ...kept, tenantId: principal.tenantId, hash: hashToken(token).sha256.toString("hex") });
        const subject = { kind: "machine_token", id: kept.id, name: description };
        await audit.append(tx, [
          { chain: principal.tenantId, action: "machine_token.created", subject, data: { site, expiresAt } },
        ]);
      });
      return { ...kept, token: `${token}.${parts.pin()}` };
    },
    list: (principal, page) => selectTokens(database.kysely, principal.tenantId, page),
    async revoke(principal, id) {
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        if (!(await deleteToken(tx, principal.tenantId, id)))
          throw new GantryError(MACHINE_TOKEN_UNKNOWN, `there is no registration token '${id.slice(0, 80)}'`);
        const subject = { kind: "machine_token", id, name: "" };
        await audit.append(tx, [{ chain: principal.tenantId, action: "machine_token.revoked", subject, data: {} }]);
      });
    },
  };
}
