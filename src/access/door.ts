import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { authenticate } from "./authenticate.ts";
import { SCOPE_EXCEEDED, TENANT_NEEDED, UNAUTHENTICATED } from "./errors.ts";
import { BOOT_SCOPE, MACHINE_KEY, MACHINE_SCOPE, type MachineKeys } from "./machines.ts";
import { DEFAULT_TENANT, type Principal } from "./model.ts";
import type { Permission } from "./permissions.ts";
import { forbidden, NO_RIGHTS, type Grant, type Rights } from "./policy.ts";
import type { Requirement } from "./requirement.ts";
import { STRUCTURE_SCOPE, STRUCTURE_TOKEN, type StructureTokens } from "./structures.ts";
import { hashToken, type TokenHash } from "./token.ts";

/** A request as the door sees it. */
export interface Knock {
  /** The header of this name, when there is one. */
  readonly authorization?: string | undefined;
  /** Through the Unix socket in the data folder, which only the owner of the server can open. */
  readonly throughSocket: boolean;
  /** What the endpoint asks for; undefined: none is there, and being known is enough to be told so. */
  readonly requirement?: Requirement | undefined;
  /** Who may use the endpoint beside accounts: `structure`. */
  readonly scope?: string | undefined;
  /** Id or name of the tenant that is meant, by the path or the header `Gantry-Tenant`; undefined: none was named. */
  readonly tenant?: string | undefined;
}

/** An account, by one of its tokens. */
export interface AccountHolder {
  readonly accountId: Id;
  /** Left out: the account by itself, as what it started goes by it. */
  readonly tokenId?: Id;
  readonly kind: "person" | "service";
  readonly name: string;
  readonly grants: readonly Grant[];
  /** What the token allows at the most; left out: all that the account may do. */
  readonly ceiling?: ReadonlySet<Permission> | undefined;
  /** The tenants that grants name, without those of the whole server. */
  readonly tenantIds: readonly Id[];
  /** The rights in a tenant; undefined: none. */
  rightsIn(tenantId: Id): Rights | undefined;
}

/** Accounts, as whoever keeps them knows them. */
export interface AccountTokens {
  /** Whose token it is; undefined: nobody's, or one that has expired, was revoked, or whose account is closed. */
  holder(token: TokenHash): AccountHolder | undefined | Promise<AccountHolder | undefined>;
}

/** Tenants, as whoever keeps them knows them. */
export interface TenantNames {
  /** Errors: `tenant_unknown`. */
  find(idOrName: string): Promise<{ readonly id: Id; readonly name: string }>;
  /** The error of a tenant that is not there, without a hint at others: who has no right in one that is there gets the same. */
  unknown(idOrName: string): GantryError;
}

export interface DoorParts {
  readonly administrator: TokenHash;
  readonly structures: StructureTokens;
  readonly accounts: AccountTokens;
  readonly tenants: TenantNames;
  /** Left out: no machine has a key. */
  readonly machines?: MachineKeys;
}

/** Lets requests in, or not: the one way for HTTP over TLS and over the socket. */
export interface Door {
  /** Errors: `unauthenticated`, `scope_exceeded`, `forbidden`, `tenant_unknown`, `tenant_needed`. */
  admit(knock: Knock): Principal | Promise<Principal>;
}

/** Tokens of accounts: personal ones, those of service accounts, and of sessions. */
export const ACCOUNT_TOKEN = /^gantry_account_[A-Za-z0-9_-]{43}$/;

export function createDoor(parts: DoorParts): Door {
  const { administrator, structures, accounts, tenants } = parts;

  function administratorIn(knock: Knock): Principal | Promise<Principal> {
    const principal = authenticate(knock, administrator);
    if (knock.tenant === undefined) return principal;
    return tenants.find(knock.tenant).then(({ id }) => ({ ...principal, tenantId: id }));
  }

  async function structure(token: string, knock: Knock): Promise<Principal> {
    const holder = await structures.holder(hashToken(token));
    if (holder === undefined) throw invalid();
    const { tenantId, structureId, name, tokenId } = holder;
    if (knock.scope !== STRUCTURE_SCOPE && knock.scope !== BOOT_SCOPE)
      throw new GantryError(SCOPE_EXCEEDED, `the token of structure '${name}' does not open this endpoint`);
    const none = { rights: NO_RIGHTS, rightsIn: () => undefined };
    return { kind: "structure", name: `structure ${name}`, tenantId, structureId, tokenId, ...none };
  }

  /** Whatever is wrong with the key or with where it is shown, the answer is the same. */
  async function machine(key: string, knock: Knock): Promise<Principal> {
    const holder = await parts.machines?.holder(key);
    if (holder === undefined || (knock.scope !== BOOT_SCOPE && knock.scope !== MACHINE_SCOPE)) throw invalid();
    if (knock.tenant === undefined) return holder;
    const named = await tenants.find(knock.tenant).catch((error: unknown) => {
      if (error instanceof GantryError) return undefined;
      throw error;
    });
    if (named?.id !== holder.tenantId) throw invalid();
    return holder;
  }

  async function account(token: string, knock: Knock): Promise<Principal> {
    const holder = await accounts.holder(hashToken(token));
    if (holder === undefined) throw invalid();
    const principal = accountPrincipal(holder, await tenantOf(knock, holder));
    check(principal, knock.requirement);
    return principal;
  }

  /** The tenant that is meant; one in which the account has no right is answered as one that is not there. */
  async function tenantOf(knock: Knock, holder: AccountHolder): Promise<Id> {
    if (knock.tenant !== undefined) {
      const found = await tenants.find(knock.tenant).catch((error: unknown) => {
        if (error instanceof GantryError) return undefined;
        throw error;
      });
      if (found === undefined || holder.rightsIn(found.id) === undefined) throw tenants.unknown(knock.tenant);
      return found.id;
    }
    if (holder.rightsIn(DEFAULT_TENANT.id) !== undefined) return DEFAULT_TENANT.id;
    const [only, ...more] = holder.tenantIds;
    if (only !== undefined && more.length === 0) return only;
    // Who asks for no tenant's things needs none.
    if (knock.requirement === undefined || knock.requirement.permission === "self") return only ?? DEFAULT_TENANT.id;
    if (only === undefined) throw forbidden(holder.name, knock.requirement.permission, "in any tenant");
    throw new GantryError(TENANT_NEEDED, `${holder.name} has rights in several tenants: say which one is meant`);
  }

  return {
    admit(knock) {
      const token = /^Bearer +(\S+)$/i.exec(knock.authorization ?? "")?.[1] ?? "";
      if (STRUCTURE_TOKEN.test(token)) return structure(token, knock);
      if (ACCOUNT_TOKEN.test(token)) return account(token, knock);
      if (MACHINE_KEY.test(token)) return machine(token, knock);
      return administratorIn(knock);
    },
  };
}

/** Who acts when an account does, in a tenant. */
export function accountPrincipal(holder: AccountHolder, tenantId: Id): Principal {
  const { kind, name, accountId, tokenId } = holder;
  const within = (id: Id): Rights | undefined => holder.rightsIn(id);
  const rights = within(tenantId) ?? NO_RIGHTS;
  return { kind, name, accountId, ...(tokenId !== undefined && { tokenId }), tenantId, rights, rightsIn: within };
}

/** Errors: `forbidden`. */
function check({ name, rights }: Principal, requirement: Requirement | undefined): void {
  if (requirement === undefined || requirement.permission === "self") return;
  const { permission, reach } = requirement;
  if (reach === "tenant" ? rights.everywhere(permission) : rights.somewhere(permission)) return;
  throw forbidden(name, permission, reach === "tenant" ? "in the whole tenant" : "anywhere");
}

function invalid(): GantryError {
  return new GantryError(UNAUTHENTICATED, "the token is not valid");
}
