import { GantryError } from "../../kernel/errors.ts";
import { deleteToken, tokensOfAccount } from "../token-store.ts";
import type { Database } from "../../platform/database/index.ts";
import type { Account } from "../account-model.ts";
import { accountById, passwordOf, writePassword } from "../account-store.ts";
import { requireToManage, unknownAccount, visibleAccount } from "../account-service.ts";
import { ACCOUNT_NEEDED } from "../errors.ts";
import type { Principal } from "../model.ts";
import type { AccessWrites } from "../writes.ts";
import { OLD_PASSWORD_WRONG, PASSWORD_INVALID } from "./errors.ts";
import { requireGoodPassword, type Passwords } from "./password.ts";
import type { Waits } from "./waits.ts";

export interface PasswordChange {
  readonly password: string;
  /** The one there was: needed for one's own. */
  readonly old?: string | undefined;
  /** As `askerOf` writes it. */
  readonly address: string;
}

export interface PasswordService {
  /**
   * Sets the password of a person, and ends the sessions that were opened with the one before.
   *
   * `account`: by id or name; undefined: who asks.
   *
   * Errors: `account_unknown`, `account_needed`, `forbidden`, `password_invalid`, `old_password_wrong`, `login_wait`, `login_busy`.
   */
  set(principal: Principal, account: string | undefined, change: PasswordChange): Promise<void>;
}

export function createPasswordService(parts: {
  readonly database: Database;
  readonly writes: AccessWrites;
  readonly passwords: Passwords;
  readonly waits: Waits;
}): PasswordService {
  const { database, writes, passwords, waits } = parts;

  async function own({ accountId, name }: Principal): Promise<Account> {
    if (accountId === undefined) throw new GantryError(ACCOUNT_NEEDED, `${name} is no account`);
    const found = await accountById(database.kysely, accountId);
    if (found === undefined) throw unknownAccount(name);
    return found;
  }

  /** A stolen session must not become the account. */
  async function requireOld(account: Account, { old, address }: PasswordChange): Promise<void> {
    const kept = await passwordOf(database.kysely, account.id);
    if (kept === undefined) {
      const text = "the account has no password yet: who manages the server sets the first one";
      throw new GantryError(OLD_PASSWORD_WRONG, text);
    }
    if (old === undefined)
      throw new GantryError(OLD_PASSWORD_WRONG, "to change the own password, the one there was is needed");
    const attempt = waits.enter(account.name, address);
    let right = false;
    try {
      ({ right } = await passwords.verify(old, kept, address));
    } catch (error) {
      attempt.undone();
      throw error;
    }
    if (!right) throw new GantryError(OLD_PASSWORD_WRONG, "the password there was is another one");
    attempt.succeeded();
  }

  return {
    async set(principal, idOrName, change) {
      const account =
        idOrName === undefined ? await own(principal) : await visibleAccount(database.kysely, principal, idOrName);
      const isOwn = account.id === principal.accountId;
      if (!isOwn) requireToManage(principal, account);
      if (account.kind !== "person" || account.source !== "local") {
        const why = account.kind === "service" ? "a service account uses tokens" : `${account.source} keeps its own`;
        throw new GantryError(PASSWORD_INVALID, `account '${account.name}' has no password here: ${why}`);
      }
      requireGoodPassword(change.password, account.name);
      if (isOwn) await requireOld(account, change);
      const kept = await passwords.hash(change.password, change.address);
      await writes.write(principal, async (tx) => {
        await writePassword(tx, account.id, kept);
        const sessions = (await tokensOfAccount(tx, account.id)).filter(
          ({ id, kind }) => kind === "session" && id !== principal.tokenId,
        );
        for (const { id } of sessions) await deleteToken(tx, account.id, id);
        await writes.account(tx, "account.password_set", account, { sessionsEnded: sessions.length });
      });
    },
  };
}
