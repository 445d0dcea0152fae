import { GantryError } from "../../kernel/errors.ts";
import { accountNameProblem, type Account } from "../account-model.ts";
import { passwordOf, personNamed, writePassword } from "../account-store.ts";
import type { AccessChanges } from "../changes.ts";
import { LOGIN_BUSY, LOGIN_REFUSED, LOGIN_UNAVAILABLE } from "./errors.ts";
import type { Directory, DirectoryAccounts } from "./directory.ts";
import type { Failures, LoginWay } from "./failures.ts";
import { LONGEST_PASSWORD, type Passwords } from "./password.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Waits } from "./waits.ts";
import type { Database } from "../../platform/database/index.ts";

export interface LoginRequest {
  readonly name: string;
  readonly password: string;
  /** Id or name of the only tenant the session opens. */
  readonly tenant?: string | undefined;
  /** As `askerOf` writes it. */
  readonly address: string;
}

export interface LoginService {
  /**
   * A session for who gives the right password. An unknown name, a wrong password and a disabled account are answered alike, after as much
   * work.
   *
   * Errors: `login_refused`, `login_wait`, `login_busy`, `login_unavailable`, `account_name_taken`, `account_invalid`, `tenant_unknown`.
   */
  login(request: LoginRequest): Promise<Session>;
}

export interface LoginServiceParts {
  readonly database: Database;
  readonly changes: AccessChanges;
  readonly passwords: Passwords;
  readonly waits: Waits;
  readonly failures: Failures;
  readonly sessions: Sessions;
  readonly accounts: DirectoryAccounts;
  readonly directory: Directory | undefined;
}

export function createLoginService(parts: LoginServiceParts): LoginService {
  const { database, changes, passwords, waits, failures, sessions, accounts, directory } = parts;

  /** The person, by the local password. Undefined: it is not the right one. */
  async function byPassword(account: Account | undefined, request: LoginRequest): Promise<Account | undefined> {
    const local = account?.source === "local" ? account : undefined;
    const kept = local === undefined ? undefined : await passwordOf(database.kysely, local.id);
    const { right, outdated } = await passwords.verify(request.password, kept, request.address);
    if (local === undefined || !right) return undefined;
    if (outdated && local.disabledAt === null) {
      const better = await passwords.hash(request.password, request.address);
      await database.transaction(async (tx) => {
        // Unless it was set anew meanwhile.
        if ((await passwordOf(tx, local.id)) !== kept) return;
        await changes.changed(tx);
        await writePassword(tx, local.id, better);
      });
    }
    return local;
  }

  /** The person, by the directory: who is not there yet gets an account. */
  async function byDirectory(asked: Directory, request: LoginRequest): Promise<Account | undefined> {
    // What a directory is never asked with: without a password it would let anybody in without proving anything (RFC 4513, 5.1.2).
    if (request.password === "" || request.password.length > LONGEST_PASSWORD) return undefined;
    const person = await asked.prove(request.name, request.password);
    return person === undefined ? undefined : accounts.admit(person);
  }

  return {
    async login(request) {
      const { name, address, tenant } = request;
      // What can be nobody's name is not looked up: not every database takes every character.
      const known = accountNameProblem(name) === undefined ? await personNamed(database.kysely, name) : undefined;
      const asksDirectory = directory !== undefined && (known === undefined || known.source === "ldap");
      const way: LoginWay = asksDirectory ? "ldap" : "password";
      const failed = (reason: string, account = known): void =>
        failures.add({ way, name, accountId: account?.id ?? null, address, reason });
      let attempt;
      try {
        attempt = waits.enter(name, address);
      } catch (error) {
        failed("waiting");
        throw error;
      }
      try {
        const local = await byPassword(known, request);
        const account = local ?? (asksDirectory ? await byDirectory(directory, request) : undefined);
        if (account === undefined || account.disabledAt !== null) {
          failed(account === undefined ? "wrong" : "disabled", account ?? known);
          throw new GantryError(LOGIN_REFUSED, "the name or the password is wrong");
        }
        const session = await sessions.open(account, { way, address, tenant });
        attempt.succeeded();
        return session;
      } catch (error) {
        const kind = error instanceof GantryError ? error.kind : undefined;
        if (kind === LOGIN_BUSY || kind === LOGIN_UNAVAILABLE) attempt.undone();
        if (kind === LOGIN_UNAVAILABLE) failed("unavailable");
        else if (kind !== LOGIN_REFUSED && kind !== LOGIN_BUSY && kind !== undefined) failed(kind.code);
        throw error;
      }
    },
  };
}
