import type { JsonObject } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import { SERVER_CHAIN } from "./audit-model.ts";
import { recordActor, type Audit } from "./audit.ts";
import type { Account, AccountToken, Role, RoleBinding } from "./account-model.ts";
import type { AccessChanges } from "./changes.ts";
import type { Principal } from "./model.ts";

/** Every change of who may do what: one transaction, in which it is audited and after which every door knows it. */
export interface AccessWrites {
  /** As `Database.transaction`. */
  write<Result>(principal: Principal, work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** `what`: `account.created`. */
  account(tx: Transaction, what: string, account: Account, data: JsonObject): Promise<void>;
  token(tx: Transaction, what: string, account: Account, token: AccountToken): Promise<void>;
  role(tx: Transaction, what: string, role: Role, data: JsonObject): Promise<void>;
  /** `who`: the name of the account or the group. */
  binding(tx: Transaction, what: string, binding: RoleBinding, who: string): Promise<void>;
}

export interface AccessWritesParts {
  readonly database: Database;
  readonly changes: AccessChanges;
  readonly audit: Audit;
}

export function createAccessWrites({ database, changes, audit }: AccessWritesParts): AccessWrites {
  return {
    write: (principal, work) =>
      database.transaction(async (tx) => {
        await changes.changed(tx);
        recordActor(tx, principal);
        return work(tx);
      }),
    account(tx, action, { id, name, kind, tenantId }, data) {
      return audit.append(tx, [{ chain: tenantId ?? SERVER_CHAIN, action, subject: { kind, id, name }, data }]);
    },
    token(tx, action, account, token) {
      const { id, name, kind, expiresAt } = token;
      const permissions = token.permissions === null ? null : [...token.permissions];
      const data = {
        account: account.name,
        accountId: account.id,
        kind,
        expiresAt,
        permissions,
        tenantId: token.tenantId,
      };
      return audit.append(tx, [
        { chain: account.tenantId ?? SERVER_CHAIN, action, subject: { kind: "token", id, name }, data },
      ]);
    },
    role(tx, action, { id, name, tenantId }, data) {
      return audit.append(tx, [{ chain: tenantId, action, subject: { kind: "role", id, name }, data }]);
    },
    binding(tx, action, { id, role, scope, subject }, who) {
      const chain = scope.kind === "server" ? SERVER_CHAIN : scope.tenantId;
      const data = { role, scope: { ...scope }, who: { ...subject, name: who } };
      return audit.append(tx, [{ chain, action, subject: { kind: "role_binding", id, name: role }, data }]);
    },
  };
}
