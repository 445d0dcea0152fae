import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/ids.ts";
import { isUniqueViolation, type Database } from "../../platform/database/index.ts";
import { accountNameProblem, type Account, type AccountSource } from "../account-model.ts";
import { insertAccount, isNameTaken, personOfDirectory, updateAccount } from "../account-store.ts";
import { ACCOUNT_INVALID, ACCOUNT_NAME_TAKEN } from "../errors.ts";
import { DEFAULT_TENANT, serverPrincipal } from "../model.ts";
import type { AccessWrites } from "../writes.ts";

/** Somebody as a directory or an issuer knows him, who has proved to be it. */
export interface DirectoryPerson {
  readonly source: Exclude<AccountSource, "local">;
  /** Never used again for somebody else there. */
  readonly externalId: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
}

/** Asks a directory whether somebody is who he says. */
export interface Directory {
  /** Undefined: the name or the password is wrong. Errors: `login_unavailable`. */
  prove(name: string, password: string): Promise<DirectoryPerson | undefined>;
}

export interface DirectoryAccounts {
  /**
   * The account of a person: made at the first login, with name, address and groups as the directory has them now at each further one. It is
   * found by the directory's own id alone: an account of the same name that is not the directory's is never taken for it.
   *
   * Errors: `account_name_taken`, `account_invalid`.
   */
  admit(person: DirectoryPerson): Promise<Account>;
}

const MOST_GROUPS = 1000;
const LONGEST_GROUP = 512;
const LONGEST_TEXT = 255;
const LONGEST_ID = 1000;

export function createDirectoryAccounts(parts: {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly writes: AccessWrites;
}): DirectoryAccounts {
  const { database, clock, random, writes } = parts;

  async function make(person: DirectoryPerson, known: Known): Promise<Account> {
    const { source, externalId, name } = person;
    const wrong = accountNameProblem(name);
    if (wrong !== undefined)
      throw new GantryError(ACCOUNT_INVALID, `the name the directory gives, '${name.slice(0, 80)}', ${wrong}`);
    if (externalId.length > LONGEST_ID || /\p{Cc}/u.test(externalId))
      throw new GantryError(ACCOUNT_INVALID, `what the directory calls '${name}' by itself cannot be kept`);
    const now = clock.now();
    const account: Account = {
      ...known,
      id: random.id(),
      kind: "person",
      name,
      tenantId: null,
      source,
      externalId,
      disabledAt: null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    const taken = new GantryError(
      ACCOUNT_NAME_TAKEN,
      `there is an account '${name}' already, and it is not the one of the directory`,
    );
    try {
      await writes.write(serverPrincipal(DEFAULT_TENANT.id), async (tx) => {
        if (await isNameTaken(tx, null, name)) throw taken;
        await insertAccount(tx, account);
        await writes.account(tx, "account.created", account, { after: { ...shown(account), source } });
      });
    } catch (error) {
      if (error !== taken && !isUniqueViolation(error)) throw error;
      // Two first logins at once: one of them made it.
      const made = await personOfDirectory(database.kysely, source, externalId);
      if (made === undefined) throw taken;
      return renew(made, known);
    }
    return account;
  }

  async function renew(before: Account, known: Known): Promise<Account> {
    const was = shown(before);
    const is = shown(known);
    if (JSON.stringify(was) === JSON.stringify(is)) return before;
    const after = { ...before, ...known, version: before.version + 1, updatedAt: clock.now() };
    await writes.write(serverPrincipal(DEFAULT_TENANT.id), async (tx) => {
      // Somebody else was faster: what the directory said then is as good.
      if (!(await updateAccount(tx, after))) return;
      await writes.account(tx, "account.changed", after, { before: was, after: is });
    });
    return after;
  }

  return {
    async admit(person) {
      const known = knownOf(person);
      const id = person.externalId;
      const found = /\p{Cc}/u.test(id) ? undefined : await personOfDirectory(database.kysely, person.source, id);
      return found === undefined ? make(person, known) : renew(found, known);
    },
  };
}

type Known = Pick<Account, "displayName" | "email" | "directoryGroups">;

function knownOf({ displayName, email, groups }: DirectoryPerson): Known {
  return {
    displayName: displayName.replaceAll(/\p{Cc}/gu, "").slice(0, LONGEST_TEXT),
    email:
      email !== null && email.length <= LONGEST_TEXT && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(email) ? email : null,
    directoryGroups: [...new Set(groups)]
      .filter((group) => group !== "" && group.length <= LONGEST_GROUP && !/\p{Cc}/u.test(group))
      .toSorted()
      .slice(0, MOST_GROUPS),
  };
}

function shown({ displayName, email, directoryGroups }: Known) {
  return { displayName, email, directoryGroups: [...directoryGroups] };
}
