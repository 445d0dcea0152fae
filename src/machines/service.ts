import {
  createAudit,
  hashToken,
  NOWHERE,
  recordActor,
  requireAt,
  serverPrincipal,
  type Permission,
  type Place,
  type Principal,
} from "../access/index.ts";
import { foundationTypeFacts, physicalInterfacesOf, type MachineFacts } from "../blueprints/index.ts";
import {
  holdInventory,
  indexesOf,
  makeEdits,
  notFound,
  occupants,
  placeOf,
  type Edit,
  type EditOptions,
  type Foundation,
  type InventoryStore,
  type Site,
  type Snapshot,
} from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { candidatesAt } from "./candidates.ts";
import {
  FOUNDATION_IN_USE,
  FOUNDATION_IS_MADE,
  FOUNDATION_LOCATED,
  MACHINE_FACELESS,
  MACHINE_LIMIT,
  MACHINE_SECRET_WRONG,
  MACHINE_TOKEN_WRONG,
  MACHINE_UNKNOWN,
} from "./errors.ts";
import { locateEdits, unlocateEdits } from "./locate.ts";
import { matchMachine } from "./match.ts";
import { identityOf, systemUuidOf, type Machine, type Outcome } from "./model.ts";
import {
  countMachines,
  deleteMachine,
  noteUse,
  saveMachine,
  selectByIdentity,
  selectMachine,
  selectMachines,
  selectToken,
  type KeptMachine,
  type MachineFilter,
} from "./store.ts";

/** What a machine is told of itself. */
export interface Assignment {
  readonly state: "located" | "waiting";
  readonly foundation: string | null;
  /** Of the structure that stands on it. */
  readonly hostname: string | null;
  readonly site: string;
}

/** What a machine is given when it registers: by the secret it asks what it is to be. */
export interface Registered extends Assignment {
  readonly id: Id;
  readonly secret: string;
}

export interface MachineService {
  /** Errors: `machine_token_wrong`, `machine_faceless`, `machine_limit`. */
  register(token: string | undefined, facts: MachineFacts): Promise<Registered>;
  /** What a machine is to be; one that is nothing yet is looked at anew. Errors: `machine_secret_wrong`. */
  ask(id: Id, secret: string | undefined): Promise<Assignment>;
  /** Those at sites the principal may read, by age; `more`: whether others follow, also of a page that is not full. */
  list(
    principal: Principal,
    filter: MachineFilter,
    page: { readonly after: string; readonly limit: number },
  ): Promise<{ readonly items: readonly Machine[]; readonly more: boolean }>;
  /** Errors: `machine_unknown`. */
  get(principal: Principal, id: Id): Promise<Machine>;
  /** Says which foundation it is; null: let it be found out. Errors: `machine_unknown`, `not_found`, `foundation_is_made`. */
  assign(principal: Principal, id: Id, foundation: string | null): Promise<Machine>;
  /** Errors: `machine_unknown`. */
  forget(principal: Principal, id: Id): Promise<void>;
  /** Says that a foundation is there, whichever machine it is. Errors: `not_found`, `foundation_is_made`, `foundation_located`. */
  locate(principal: Principal, foundation: string): Promise<void>;
  /** Says that nobody knows any more which machine it is. Errors: `not_found`, `foundation_in_use`. */
  unlocate(principal: Principal, foundation: string): Promise<void>;
}

export interface MachineServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

const MOST_MACHINES = 10_000;

/** Rows that are looked through for one page of what somebody may read. */
const STRIDE = 50;

/** Characters of facts on a page: it ends before its limit where machines say very much of themselves. */
const MOST_FACTS = 4 * 1024 * 1024;

export function createMachineService(parts: MachineServiceParts): MachineService {
  const { database, inventory, events, bus, clock, random } = parts;
  const audit = createAudit(parts);
  /** Machines that were looked at with an inventory: until it changes they would come out the same. */
  const looked = new WeakMap<Snapshot, Set<Id>>();

  /** Finds out which foundation it is, and writes what follows. The tenant's inventory is held. */
  async function look(tx: Transaction, machine: KeptMachine): Promise<KeptMachine> {
    const { tenantId, id, facts, assigned, site } = machine;
    const snapshot = await inventory.snapshot(tenantId, tx);
    const isThere = siteSince(snapshot, site, machine.registeredAt) !== undefined;
    const candidates = isThere ? candidatesAt(snapshot, site, facts) : [];
    const uuidOf = uuidElsewhere(snapshot, machine);
    const outcome = matchMachine({ machine: id, facts, assigned, candidates, uuidOf });
    for (const before of ownFoundations(snapshot, id))
      if (outcome.state !== "located" || outcome.foundation !== before.name) await leave(tx, machine, snapshot, before);
    if (outcome.state === "located") {
      const foundation = snapshot.foundations.get(outcome.foundation ?? "");
      if (foundation !== undefined) await settle(tx, machine, snapshot, foundation, outcome);
    }
    return { ...machine, outcome };
  }

  async function settle(
    tx: Transaction,
    machine: Machine,
    snapshot: Snapshot,
    foundation: Foundation,
    { by }: Outcome,
  ) {
    const devices = physicalInterfacesOf(snapshot.blueprints, foundation.blueprint);
    await write(tx, machine.tenantId, locateEdits(snapshot, foundation, machine.facts, devices));
    if (foundation.machineId === machine.id) return;
    const note = { locatedAt: clock.now(), machineId: machine.id };
    await inventory.changeBookkeeping(tx, foundation.id, note);
    await tell(tx, machine.tenantId, "foundation.located", foundation, { machine: machine.id, by });
  }

  /** What is not built yet is not located any more; what is built stays what it is until somebody says otherwise. */
  async function leave(tx: Transaction, machine: Machine, snapshot: Snapshot, foundation: Foundation): Promise<void> {
    if (isInUse(foundation)) return;
    await write(tx, machine.tenantId, unlocateEdits(snapshot, foundation, machine.facts));
    await inventory.changeBookkeeping(tx, foundation.id, { locatedAt: null, machineId: null });
    await tell(tx, machine.tenantId, "foundation.unlocated", foundation, { machine: machine.id });
  }

  async function write(tx: Transaction, tenantId: Id, edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    // What a machine says of itself is a fact: nobody approves it.
    const options: EditOptions = { approved: true };
    await makeEdits({ database, inventory, events, bus, clock, random }, tx, serverPrincipal(tenantId), edits, options);
  }

  async function tell(tx: Transaction, tenantId: Id, type: string, { id, name }: Foundation, data: JsonObject) {
    await events.append(tx, [{ tenantId, type, subject: { kind: "foundation", id }, data: { name, ...data } }]);
    afterCommit(tx, `foreman ${tenantId}`, () => bus.publish("foreman", tenantId));
  }

  async function assignmentOf({ id, tenantId, site, outcome }: Machine): Promise<Assignment> {
    const snapshot = await inventory.snapshot(tenantId);
    const [foundation] = ownFoundations(snapshot, id);
    if (outcome.state !== "located" || foundation === undefined)
      return { state: "waiting", foundation: null, hostname: null, site };
    const standing = occupants(snapshot.structures.values()).get(foundation.name);
    return {
      state: "located",
      foundation: foundation.name,
      hostname: standing?.hostname ?? null,
      site: foundation.site,
    };
  }

  /** The machine, if the principal holds a permission at its site. */
  async function own(principal: Principal, id: Id, permission: Permission): Promise<KeptMachine> {
    const machine = await selectMachine(database.kysely, id);
    const unknown = (): GantryError => new GantryError(MACHINE_UNKNOWN, `there is no machine '${id.slice(0, 80)}'`);
    if (machine === undefined || machine.tenantId !== principal.tenantId) throw unknown();
    const snapshot = await inventory.snapshot(principal.tenantId);
    requireAt(principal, permission, placeOfMachine(snapshot, machine), unknown);
    return machine;
  }

  function foundationIn(principal: Principal, snapshot: Snapshot, idOrName: string): Foundation {
    const { foundations } = snapshot;
    const name = indexesOf(snapshot).byId("foundations", idOrName) ?? idOrName;
    const found = foundations.get(name);
    const hidden = (): GantryError => notFound("foundation", idOrName, []);
    if (found === undefined)
      throw notFound("foundation", idOrName, principal.rights.everywhere("inventory.read") ? foundations.keys() : []);
    requireAt(principal, "inventory.write", placeOf(snapshot, "foundation", found), hidden);
    if (foundationTypeFacts(found.type).origin === "made")
      throw new GantryError(
        FOUNDATION_IS_MADE,
        `foundation '${found.name}' is of type ${found.type}, which is made and not found`,
      );
    return found;
  }

  async function note(
    tx: Transaction,
    principal: Principal,
    action: string,
    subject: { kind: string; id: Id; name: string },
    data: JsonObject = {},
  ) {
    recordActor(tx, principal);
    await audit.append(tx, [{ chain: principal.tenantId, action, subject, data }]);
  }

  return {
    async register(text, facts) {
      const hash = text === undefined ? "" : hashToken(text).sha256.toString("hex");
      const identity = identityOf(facts);
      const secret = `gantry_machine_secret_${random.token(32)}`;
      const machine = await database.transaction(async (tx) => {
        const now = clock.now();
        const token = await selectToken(tx, hash);
        if (token === undefined || (token.expiresAt !== null && token.expiresAt <= now))
          throw new GantryError(MACHINE_TOKEN_WRONG, "this registration token is unknown, was revoked, or has expired");
        const { tenantId, site } = token;
        await holdInventory(tx, tenantId);
        if (siteSince(await inventory.snapshot(tenantId, tx), site, token.createdAt) === undefined)
          throw new GantryError(MACHINE_TOKEN_WRONG, "the site of this registration token is gone");
        if (identity === null)
          throw new GantryError(
            MACHINE_FACELESS,
            "the machine has no uuid, no serial and no MAC address by which it could be known",
          );
        const before = await selectByIdentity(tx, { tenantId, site, identity });
        if (before === undefined && (await countMachines(tx, tenantId, site)) >= MOST_MACHINES)
          throw new GantryError(MACHINE_LIMIT, `${MOST_MACHINES} machines have registered at site '${site}' already`);
        const secretHash = hashToken(secret).sha256.toString("hex");
        const kept: KeptMachine = {
          id: before?.id ?? random.id(),
          tenantId,
          site,
          identity,
          secretHash,
          facts,
          outcome: before?.outcome ?? UNSEEN,
          assigned: before?.assigned ?? null,
          registeredAt: before?.registeredAt ?? now,
          seenAt: now,
        };
        const found = await look(tx, kept);
        await saveMachine(tx, found);
        await noteUse(tx, hash, now);
        if (before === undefined || before.outcome.state !== found.outcome.state) {
          const { state, foundation } = found.outcome;
          const data = { site, state, foundation };
          await events.append(tx, [
            { tenantId, type: "machine.registered", subject: { kind: "machine", id: found.id }, data },
          ]);
        }
        return found;
      });
      return { id: machine.id, secret, ...(await assignmentOf(machine)) };
    },
    async ask(id, secret) {
      const machine = await selectMachine(database.kysely, id);
      if (
        machine === undefined ||
        secret === undefined ||
        hashToken(secret).sha256.toString("hex") !== machine.secretHash
      )
        throw new GantryError(
          MACHINE_SECRET_WRONG,
          "this is not the secret the machine was given when it registered last",
        );
      const { tenantId } = machine;
      const snapshot = await inventory.snapshot(tenantId);
      const done = looked.get(snapshot) ?? new Set<Id>();
      looked.set(snapshot, done);
      const known = machine.outcome.state === "located" && ownFoundations(snapshot, id).length > 0;
      if (known || done.has(id)) return assignmentOf(machine);
      done.add(id);
      const found = await database.transaction(async (tx) => {
        await holdInventory(tx, tenantId);
        const again = await selectMachine(tx, id);
        if (again === undefined || again.secretHash !== machine.secretHash) return machine;
        const seen = { ...(await look(tx, again)), seenAt: clock.now() };
        await saveMachine(tx, seen);
        return seen;
      });
      return assignmentOf(found);
    },
    async list(principal, filter, { after, limit }) {
      const { tenantId, rights } = principal;
      const snapshot = await inventory.snapshot(tenantId);
      const all = rights.everywhere("inventory.read");
      const items: Machine[] = [];
      let size = 0;
      for (let from = after; ;) {
        const rows = await selectMachines(database.kysely, tenantId, filter, { after: from, limit: STRIDE });
        for (const row of rows) {
          if (!all && !rights.at("inventory.read", placeOfMachine(snapshot, row))) continue;
          if (items.length === limit || size > MOST_FACTS) return { items, more: true };
          items.push(asIs(snapshot, row));
          size += JSON.stringify(row.facts).length;
        }
        if (rows.length < STRIDE) return { items, more: false };
        from = rows.at(-1)?.id ?? from;
      }
    },
    async get(principal, id) {
      const machine = await own(principal, id, "inventory.read");
      return asIs(await inventory.snapshot(principal.tenantId), machine);
    },
    async assign(principal, id, foundation) {
      await own(principal, id, "inventory.write");
      const { tenantId } = principal;
      const found = await database.transaction(async (tx) => {
        await holdInventory(tx, tenantId);
        const machine = await selectMachine(tx, id);
        if (machine === undefined) throw new GantryError(MACHINE_UNKNOWN, `machine '${id}' was forgotten meanwhile`);
        const snapshot = await inventory.snapshot(tenantId, tx);
        const name = foundation === null ? null : foundationIn(principal, snapshot, foundation).name;
        await note(tx, principal, "machine.assigned", { kind: "machine", id, name: id }, { foundation: name });
        // What was written because of the assignment would find it again.
        if (name === null)
          for (const before of ownFoundations(snapshot, id)) await leave(tx, machine, snapshot, before);
        const seen = await look(tx, { ...machine, assigned: name });
        await saveMachine(tx, seen);
        return seen;
      });
      return found;
    },
    async forget(principal, id) {
      await own(principal, id, "inventory.write");
      await database.transaction(async (tx) => {
        await holdInventory(tx, principal.tenantId);
        const machine = await selectMachine(tx, id);
        if (machine === undefined) return;
        await note(tx, principal, "machine.forgotten", { kind: "machine", id, name: id }, { site: machine.site });
        const snapshot = await inventory.snapshot(principal.tenantId, tx);
        for (const foundation of ownFoundations(snapshot, id)) {
          if (isInUse(foundation)) await inventory.changeBookkeeping(tx, foundation.id, { machineId: null });
          else await leave(tx, machine, snapshot, foundation);
        }
        await deleteMachine(tx, id);
      });
    },
    async locate(principal, idOrName) {
      await database.transaction(async (tx) => {
        await holdInventory(tx, principal.tenantId);
        const found = foundationIn(principal, await inventory.snapshot(principal.tenantId, tx), idOrName);
        if (found.locatedAt !== null)
          throw new GantryError(FOUNDATION_LOCATED, `foundation '${found.name}' is located already`);
        await note(tx, principal, "foundation.located", { kind: "foundation", id: found.id, name: found.name });
        await inventory.changeBookkeeping(tx, found.id, { locatedAt: clock.now(), machineId: null });
        await tell(tx, principal.tenantId, "foundation.located", found, { machine: null, by: principal.name });
      });
    },
    async unlocate(principal, idOrName) {
      await database.transaction(async (tx) => {
        await holdInventory(tx, principal.tenantId);
        const snapshot = await inventory.snapshot(principal.tenantId, tx);
        const found = foundationIn(principal, snapshot, idOrName);
        if (isInUse(found))
          throw new GantryError(
            FOUNDATION_IN_USE,
            `foundation '${found.name}' is ${found.state}, and cannot be unlocated`,
          );
        if (found.locatedAt === null) return;
        await note(tx, principal, "foundation.unlocated", { kind: "foundation", id: found.id, name: found.name });
        const machine = found.machineId === null ? undefined : await selectMachine(tx, found.machineId);
        await write(tx, principal.tenantId, unlocateEdits(snapshot, found, machine?.facts));
        await inventory.changeBookkeeping(tx, found.id, { locatedAt: null, machineId: null });
        await tell(tx, principal.tenantId, "foundation.unlocated", found, { machine: found.machineId });
        // What was assigned by hand is not assigned any more: else it would be located again when it asks next.
        if (machine !== undefined)
          await saveMachine(tx, {
            ...machine,
            assigned: null,
            outcome: { ...UNSEEN, reason: `foundation '${found.name}' was unlocated` },
          });
      });
    },
  };
}

const UNSEEN: Outcome = {
  state: "unmatched",
  foundation: null,
  by: null,
  reason: "not looked at yet",
  problems: [],
  nearest: null,
};

function ownFoundations(snapshot: Snapshot, machine: Id): readonly Foundation[] {
  return [...snapshot.foundations.values()].filter(({ machineId }) => machineId === machine);
}

/** A site by the name it had at that time; undefined when it is gone, also when another has its name since. */
function siteSince({ sites }: Snapshot, name: string, at: number): Site | undefined {
  const found = sites.get(name);
  return found === undefined || found.createdAt > at ? undefined : found;
}

/** Where its site is; of one whose site is gone, nowhere. */
function placeOfMachine(snapshot: Snapshot, { site, registeredAt }: Machine): Place {
  const found = siteSince(snapshot, site, registeredAt);
  return found === undefined ? NOWHERE : placeOf(snapshot, "site", found);
}

/** The foundation that has the machine's uuid and keeps it, whatever the machine becomes. */
function uuidElsewhere(snapshot: Snapshot, { id, facts }: Machine): string | undefined {
  const uuid = systemUuidOf(facts);
  if (uuid === null) return undefined;
  for (const one of snapshot.foundations.values())
    if (one.systemUuid === uuid && one.wanted !== "absent" && (one.machineId !== id || isInUse(one))) return one.name;
  return undefined;
}

function isInUse({ state, jobId }: Pick<Foundation, "state" | "jobId">): boolean {
  return state !== "planned" || jobId !== null;
}

/** As it is now: its foundation may be gone, or be another machine since. */
function asIs(snapshot: Snapshot, machine: Machine): Machine {
  const { outcome } = machine;
  const [foundation] = ownFoundations(snapshot, machine.id);
  if (outcome.state !== "located" || foundation !== undefined) return machine;
  return {
    ...machine,
    outcome: { ...UNSEEN, reason: `it was foundation '${outcome.foundation}', which is gone or not located any more` },
  };
}
