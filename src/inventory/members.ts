import {
  createAudit,
  hashToken,
  newStructureToken,
  recordActor,
  SCOPE_EXCEEDED,
  UNAUTHENTICATED,
  type Principal,
  type StructureTokens,
} from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import { createWaker, type EventStream } from "../platform/events/index.ts";
import { FILTER_INVALID, NOT_FOUND } from "./errors.ts";
import { filtered, type Filter } from "./filter.ts";
import {
  deleteToken,
  hasToken,
  holderOfToken,
  insertToken,
  keepReport,
  reportOf,
  tokensOf,
  type MembersReport,
  type StructureToken,
} from "./members-store.ts";
import type { Snapshot, Structure } from "./model.ts";
import { indexesOf } from "./indexes.ts";
import { findRow } from "./service.ts";
import { INVENTORY_SUBJECT, type InventoryStore } from "./store.ts";
import { fqdnOf } from "./zones.ts";

/** A structure as another one needs to know it: a load balancer its backends, a monitor what it watches. */
export interface Member {
  readonly id: Id;
  readonly name: string;
  readonly fqdn: string;
  /** The first one, and all of them. */
  readonly address: string | null;
  readonly addresses: readonly string[];
  readonly site: string;
  readonly role: string | null;
  readonly state: string;
}

/** Which structures are meant. */
export type MembersQuestion = Pick<Filter, "blueprint" | "group" | "site" | "role" | "label" | "state">;

export interface Members {
  /** By name; without the structure that asks, and without what is going away. */
  readonly items: readonly Member[];
  /** What was reported last. Null: nothing was. */
  readonly reported: MembersReport | null;
}

export interface MembersService extends StructureTokens {
  /** Errors: `not_found`, `filter_invalid`, `scope_exceeded`. */
  members(principal: Principal, idOrName: string, question: MembersQuestion): Promise<Members>;
  /** The members now, and again each time they are others, until `signal` ends. Errors: as `members`. */
  follow(
    principal: Principal,
    idOrName: string,
    question: MembersQuestion,
    signal: AbortSignal,
  ): AsyncGenerator<Pick<Members, "items">, void, undefined>;
  /** Keeps which members are missing, and tells it (`members.missing`) when it is another list than before. */
  report(principal: Principal, idOrName: string, missing: readonly string[]): Promise<MembersReport>;
  tokens(principal: Principal, idOrName: string): Promise<readonly StructureToken[]>;
  /** The token is told here, and never again. */
  issueToken(
    principal: Principal,
    idOrName: string,
    description: string,
  ): Promise<StructureToken & { readonly token: string }>;
  /** Errors: `not_found`. */
  revokeToken(principal: Principal, idOrName: string, id: Id): Promise<void>;
}

export interface MembersServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  /** The inventory that members are found in: what is kept elsewhere too. */
  readonly served: (tenantId: Id) => Promise<Snapshot>;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

/** More members than these are no answer for a load balancer. */
const MOST_MEMBERS = 10_000;

export function createMembersService(parts: MembersServiceParts): MembersService {
  const { database, inventory: store, events, bus, clock, random } = parts;
  const audit = createAudit(parts);

  async function own(
    principal: Principal,
    idOrName: string,
    read: (tenantId: Id) => Promise<Snapshot> = (tenantId) => store.snapshot(tenantId),
  ): Promise<{ snapshot: Snapshot; structure: Structure }> {
    const snapshot = await read(principal.tenantId);
    const structure = findRow(snapshot, "structure", idOrName) as Structure;
    if (principal.kind === "structure" && principal.structureId !== structure.id)
      throw new GantryError(
        SCOPE_EXCEEDED,
        `the token of ${principal.name} is not one of structure '${structure.name}'`,
      );
    return { snapshot, structure };
  }

  function tellToken(
    tx: Transaction,
    principal: Principal,
    { id, name }: Structure,
    action: string,
    data: JsonObject,
  ): Promise<void> {
    recordActor(tx, principal);
    return audit.append(tx, [{ chain: principal.tenantId, action, subject: { kind: "structure", id, name }, data }]);
  }

  async function* follow(
    principal: Principal,
    idOrName: string,
    question: MembersQuestion,
    signal: AbortSignal,
  ): AsyncGenerator<Pick<Members, "items">, void, undefined> {
    const waker = createWaker(clock, (wake) => bus.subscribe(INVENTORY_SUBJECT, wake), signal);
    try {
      let before: string | undefined;
      let seen: Snapshot | undefined;
      while (!signal.aborted) {
        waker.reset();
        if (principal.tokenId !== undefined && !(await hasToken(database.kysely, principal.tokenId)))
          throw new GantryError(UNAUTHENTICATED, "the token was revoked");
        const { snapshot, structure } = await own(principal, idOrName, parts.served);
        if (seen !== snapshot) {
          seen = snapshot;
          const items = membersOf(snapshot, structure, question);
          const text = JSON.stringify(items);
          if (text !== before) yield { items };
          before = text;
        }
        await waker.wait();
      }
    } finally {
      waker.close();
    }
  }

  return {
    holder: (token) => holderOfToken(database.kysely, token.sha256.toString("hex")),
    async members(principal, idOrName, question) {
      const { snapshot, structure } = await own(principal, idOrName, parts.served);
      const items = membersOf(snapshot, structure, question);
      return { items, reported: (await reportOf(database.kysely, structure.id)) ?? null };
    },
    follow,
    async report(principal, idOrName, missing) {
      const { structure } = await own(principal, idOrName);
      const { tenantId, name: by } = principal;
      const report = { missing: [...new Set(missing)].sort(), at: clock.now() };
      await database.transaction(async (tx) => {
        const before = await keepReport(tx, structure.id, report);
        if (JSON.stringify(before?.missing ?? []) === JSON.stringify(report.missing)) return;
        const data = { name: structure.name, missing: report.missing, by };
        await events.append(tx, [
          { tenantId, type: "members.missing", subject: { kind: "structure", id: structure.id }, data },
        ]);
      });
      return report;
    },
    async tokens(principal, idOrName) {
      return tokensOf(database.kysely, (await own(principal, idOrName)).structure.id);
    },
    async issueToken(principal, idOrName, description) {
      const { structure } = await own(principal, idOrName);
      const token = newStructureToken(random);
      const kept = { id: random.id(), description, createdAt: clock.now() };
      const sha256 = hashToken(token).sha256.toString("hex");
      await database.transaction(async (tx) => {
        await insertToken(tx, principal.tenantId, structure.id, { ...kept, sha256 });
        await tellToken(tx, principal, structure, "structure_token.issued", { tokenId: kept.id, description });
      });
      return { ...kept, token };
    },
    async revokeToken(principal, idOrName, id) {
      const { structure } = await own(principal, idOrName);
      await database.transaction(async (tx) => {
        if (!(await deleteToken(tx, structure.id, id)))
          throw new GantryError(NOT_FOUND, `structure '${structure.name}' has no token '${id.slice(0, 80)}'`);
        await tellToken(tx, principal, structure, "structure_token.revoked", { tokenId: id });
      });
    },
  };
}

function membersOf(snapshot: Snapshot, asking: Structure, question: MembersQuestion): readonly Member[] {
  const { names, passes } = filtered(snapshot, "structure", question);
  const found: Member[] = [];
  for (const one of names ?? indexesOf(snapshot).names("structures")) {
    const structure = snapshot.structures.get(one);
    if (structure === undefined || structure.id === asking.id || structure.wanted === "absent") continue;
    if (!passes(structure)) continue;
    if (found.length === MOST_MEMBERS)
      throw new GantryError(
        FILTER_INVALID,
        `more than ${MOST_MEMBERS} structures fit; ask for fewer by a group or site`,
      );
    const addresses = structure.addresses.map(({ address }) => address);
    const { id, name, site, role, state } = structure;
    found.push({
      id,
      name,
      fqdn: fqdnOf(snapshot, structure),
      address: addresses[0] ?? null,
      addresses,
      site,
      role,
      state,
    });
  }
  return found;
}
