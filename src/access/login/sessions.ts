import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Id, Random } from "../../kernel/ids.ts";
import type { Database } from "../../platform/database/index.ts";
import type { Account, AccountToken } from "../account-model.ts";
import { accountById } from "../account-store.ts";
import { SERVER_CHAIN } from "../audit-model.ts";
import type { Audit } from "../audit.ts";
import type { TenantNames } from "../door.ts";
import { DEFAULT_TENANT, type Principal } from "../model.ts";
import { NO_RIGHTS, rightsIn } from "../policy.ts";
import { deleteToken, tokenById, tokensOfAccount } from "../token-store.ts";
import { grantsOfAccount, keepToken, newAccountToken } from "../token-service.ts";
import type { AccessWrites } from "../writes.ts";
import { LOGIN_REFUSED, SESSION_NEEDED } from "./errors.ts";
import type { LoginWay } from "./failures.ts";

/** What a login gives: told once. */
export interface Session {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly account: { readonly id: Id; readonly name: string; readonly displayName: string };
}

export interface SessionWish {
  readonly way: LoginWay;
  readonly address: string;
  /** Id or name of the only tenant it opens. */
  readonly tenant?: string | undefined;
}

export interface Sessions {
  /** For somebody who has proved to be the account. Errors: `tenant_unknown`, `login_refused` when it was disabled meanwhile. */
  open(account: Account, wish: SessionWish): Promise<Session>;
  /** Ends the session that asks. Errors: `session_needed`. */
  end(principal: Principal): Promise<void>;
}

export interface SessionParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Audit;
  readonly writes: AccessWrites;
  readonly tenants: TenantNames;
  /** Milliseconds a session lasts. */
  readonly lasts: number;
}

/** Of one account at a time; a further login ends the oldest. */
const MOST_SESSIONS = 20;

export function createSessions(parts: SessionParts): Sessions {
  const { database, clock, random, audit, writes, tenants } = parts;

  async function tenantFor(account: Account, idOrName: string): Promise<Id> {
    const found = await tenants.find(idOrName).catch(() => undefined);
    const grants = await grantsOfAccount(database.kysely, account);
    if (found === undefined || rightsIn(grants, found.id) === undefined) throw tenants.unknown(idOrName);
    return found.id;
  }

  return {
    async open(account, { way, address, tenant }) {
      const tenantId = tenant === undefined ? null : await tenantFor(account, tenant);
      const now = clock.now();
      const token = newAccountToken(random);
      const kept: AccountToken = {
        id: random.id(),
        accountId: account.id,
        name: "session",
        kind: "session",
        permissions: null,
        tenantId,
        expiresAt: now + parts.lasts,
        lastUsedAt: null,
        createdAt: now,
      };
      const { id, name, displayName } = account;
      await writes.write(actor(account, tenantId), async (tx) => {
        if ((await accountById(tx, id))?.disabledAt !== null)
          throw new GantryError(LOGIN_REFUSED, "the name or the password is wrong");
        const sessions = (await tokensOfAccount(tx, id)).filter((one) => one.kind === "session");
        for (const old of sessions.slice(0, Math.max(0, sessions.length - MOST_SESSIONS + 1)))
          await deleteToken(tx, id, old.id);
        await keepToken(tx, kept, token);
        const data = { way, address, token: kept.id, expiresAt: kept.expiresAt, tenantId };
        await audit.append(tx, [
          { chain: SERVER_CHAIN, action: "login.succeeded", subject: { kind: "person", id, name }, data },
        ]);
      });
      return { token, expiresAt: kept.expiresAt, account: { id, name, displayName } };
    },
    async end(principal) {
      const { accountId, tokenId, name } = principal;
      await writes.write(principal, async (tx) => {
        const token = tokenId === undefined ? undefined : await tokenById(tx, tokenId);
        if (accountId === undefined || token?.kind !== "session")
          throw new GantryError(SESSION_NEEDED, `${name} asks without the token of a session`);
        await deleteToken(tx, accountId, token.id);
        const subject = { kind: "token", id: token.id, name: token.name };
        await audit.append(tx, [{ chain: SERVER_CHAIN, action: "session.ended", subject }]);
      });
    },
  };
}

/** The person who logs in, for the audit. */
function actor({ id, name }: Account, tenantId: Id | null): Principal {
  const nothing = { rights: NO_RIGHTS, rightsIn: () => undefined };
  return { kind: "person", name, accountId: id, tenantId: tenantId ?? DEFAULT_TENANT.id, ...nothing };
}
