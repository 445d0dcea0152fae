import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { type Audit, type Place, type Principal, recordActor } from "../access/index.ts";
import type { TaskService } from "../jobs/index.ts";
import {
  type CloseReason,
  type Connection,
  createKeyPair,
  type JoinRequest,
  LINK_STOPPING,
  LINK_SUPERSEDED,
  memoryPair,
  type ModuleAdvert,
  signChallenge,
} from "../link/index.ts";
import { afterCommit, createGroupCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { deleteUnusedAdverts, selectAllAdverts } from "./advert-store.ts";
import { createAdverts } from "./adverts.ts";
import { type Authorities, createAuthorities } from "./authorities.ts";
import { allowInbound } from "./content-inbound.ts";
import { type ContentStore, createContentStore, grantContent, holderOf } from "./content.ts";
import { EXECUTOR_NO_WORKER, EXECUTOR_UNKNOWN, JOIN_TOKEN_UNKNOWN, NOT_CONNECTED, unknownNode } from "./errors.ts";
import { type Admitted, handshake, type Known, type ProvenFacts } from "./handshake.ts";
import {
  admit,
  type JoinParts,
  type JoinTokenRequest,
  type MintedToken,
  mintToken,
  type Sites,
  tokenEntry,
  tokenRecord,
} from "./joining.ts";
import {
  agentIdOf,
  type ExecutorIdentity,
  type ExecutorKind,
  type ExecutorRecord,
  type JoinTokenRecord,
  type Node,
  type Route,
  serves,
} from "./model.ts";
import { createOffered } from "./offered.ts";
import { createDismissal } from "./dismissal.ts";
import { createPresence } from "./presence.ts";
import { fleetRoutes } from "./routes.ts";
import { type FleetSession, openSession } from "./session.ts";
import { createSharedJoining, type SharedJoining } from "./shared-joining.ts";
import { createSightings } from "./sightings.ts";
import { createUpgrades, type Upgrade } from "./upgrades.ts";
import { createTidings } from "./tidings.ts";
import {
  deleteExecutor,
  deleteToken,
  saveDrain,
  saveExecutor,
  selectAgents,
  selectBehind,
  selectByFoundation,
  selectByName,
  selectExecutor,
  selectExecutors,
  selectIdentity,
  selectTokens,
  selectWorkers,
} from "./store.ts";

/** The server's end of the link: who is connected, who gets which task, who is asked. */

export interface FleetParts {
  readonly database: Database;
  readonly tasks: TaskService;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Whom executors trust now, and whom they trusted before. */
  certificates(): Authorities;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** The sites of a tenant. A worker that joined for one serves that and those below it. Left out: there are none. */
  sites?(tenantId: Id): Promise<Sites>;
  /** Where workers and agents of a tenant are, as far as rights go by it. Left out: nowhere. */
  placesOf?(tenantId: Id): Promise<(node: Pick<ExecutorRecord, "foundationId" | "siteId">) => Place>;
  /** By which agents may join without a token. Left out: none does. */
  readonly sharedKey?: string | undefined;
  /** What an agent runs on, for machines that have nothing. Left out: not served. */
  runtime?(): Promise<AgentRuntime>;
  /** Absolute. Where large content stands. Left out: in the database, as several servers need it. */
  readonly contentFolder?: string;
}

/** An agent, and where it stands. */
interface StandingAgent extends Pick<ExecutorRecord, "name" | "foundationId" | "siteId"> {
  readonly agentId: Id;
}

/** Node and the agent's program. */
export interface AgentRuntime {
  /** Path of Node's binary. */
  readonly node: string;
  /** The agent as one file. */
  readonly bundle: Uint8Array;
}

export interface Fleet {
  /** Adds the routes, before the server listens. */
  mount(http: HttpServer): void;
  /** @param urls under which agents reach this server */
  start(options: { readonly urls: readonly string[] }): Promise<void>;
  /** @param actor who wants it; left out: the server */
  mintJoinToken(request: JoinTokenRequest, actor?: Principal): Promise<MintedToken>;
  /** By age, behind an id. */
  joinTokens(tenantId: Id, page: { readonly after: string; readonly limit: number }): Promise<JoinTokenRecord[]>;
  /** Errors: `join_token_unknown`. */
  revokeJoinToken(actor: Principal, id: Id): Promise<void>;
  /**
   * Shuts an executor out for good: its connection ends, what it was doing is settled as lost, and its key never comes back.
   *
   * Errors: `executor_unknown`, `executor_embedded`.
   */
  revoke(actor: Principal, idOrName: string): Promise<void>;
  /**
   * Forgets an executor that is gone: what it had is settled as lost. It may join again by a token.
   *
   * Errors: `executor_unknown`, `executor_connected`, `executor_embedded`.
   */
  purge(actor: Principal, idOrName: string): Promise<void>;
  /**
   * Gives a worker nothing new from now on, also after restarts of either end; what it has goes on. `resume` takes that back. Both may be
   * said again.
   *
   * Errors: `executor_unknown`, `executor_no_worker`.
   */
  drain(actor: Principal, idOrName: string): Promise<Node>;
  resume(actor: Principal, idOrName: string): Promise<Node>;
  /**
   * Makes an agent the release that this server has. Resolves when it has it and is about to start it.
   * @param within seconds it has to connect in, until the release before runs again
   * Errors: `executor_unknown` and those of `createUpgrades`.
   */
  upgrade(actor: Principal, idOrName: string, within: number): Promise<Upgrade>;
  /** Errors: see `admit`. */
  join(request: JoinRequest): Promise<ExecutorRecord>;
  /** Joining by the shared key. */
  readonly shared: SharedJoining;
  /** Takes over a fresh connection of whoever says it is an executor. */
  accept(connection: Connection): void;
  /** What an executor of this process needs: it speaks over memory, and is known without a token. `siteId` null: serves every site. */
  embed(executor: {
    readonly tenantId: Id;
    readonly kind: ExecutorKind;
    readonly name: string;
    readonly siteId: Id | null;
    /** Whether it works for every tenant, and not for its own alone. */
    readonly everyTenant?: boolean;
  }): Promise<EmbeddedLink>;
  /**
   * Asks a function that observes, without a task, of who works for the tenant. Errors: `executor_not_connected`, `executor_no_answer`, `executor_answer_failed`.
   * @param milliseconds until `executor_no_answer`
   */
  ask(tenantId: Id, route: Route, module: string, name: string, parameters: Json, milliseconds: number): Promise<Json>;
  isConnected(agentId: Id): boolean;
  /** Whether a worker is there that serves the site for the tenant and offers the module; busy or not. */
  isServed(tenantId: Id, siteId: Id, module: string): Promise<boolean>;
  /** Sorted by name, behind `after`. */
  nodes(tenantId: Id, page?: { readonly after?: string; readonly limit?: number }): Promise<readonly Node[]>;
  /** By id or name. Errors: `executor_unknown`. */
  node(tenantId: Id, idOrName: string): Promise<Node>;
  /** Who may prove itself outside a connection. */
  find(executor: Id): Promise<ExecutorRecord | undefined>;
  /** An executor that will not come back, known by its id or by the foundation it stood on. Its key is worth nothing any more. */
  remove(tx: Transaction, which: { readonly id: Id } | { readonly foundationId: Id }): Promise<void>;
  /** Every agent that has joined, for runs; `names`: those of them that there are. */
  agents(tenantId: Id, names?: readonly string[]): Promise<readonly StandingAgent[]>;
  /** The certificate of an authority that is trusted now, by its pin (base64url): PEM. */
  authority(pin: string): string | undefined;
  /** Names of executors that trusted another authority than the present one when they were last seen. */
  behind(tenantId: Id): Promise<readonly string[]>;
  /** What executors fetch by its hash: the files of `agent.add`. */
  readonly content: ContentStore;
  /**
   * What workers that have joined can do for a tenant, by module, whether they are connected now or not: what scripts may call. A function
   * that several of them offer is as the one says that connected last.
   */
  modules(tenantId: Id): Readonly<Record<string, ModuleAdvert>>;
  close(): Promise<void>;
}

interface EmbeddedLink {
  readonly id: Id;
  open(): Promise<Connection>;
  sign(nonce: string): string;
  /** Of the server's authority now. */
  pin(): string;
}

/** Seconds a token for a foundation is good: as long as making a machine may take. */
const FOUNDATION_TOKEN_SECONDS = 24 * 60 * 60;
const ALL = 1_000_000;
/** Milliseconds between two sweeps of content. */
const SWEEP_EVERY = 6 * 60 * 60 * 1000;

export function createFleet(parts: FleetParts): Fleet {
  const { database, tasks, clock, random, log } = parts;
  const authorities = createAuthorities(parts.certificates, clock);
  const commits = createGroupCommit(database);
  const joining: JoinParts = {
    database,
    clock,
    random,
    pin: authorities.pin,
    audit: parts.audit,
    ...(parts.sites === undefined ? {} : { sites: parts.sites }),
  };
  const shared = createSharedJoining({ ...joining, sharedKey: parts.sharedKey });
  const sessions = new Map<Id, FleetSession>();
  /** Those of agents, by what their tasks are routed by; workers are few and looked through. */
  const agents = new Map<Id, FleetSession>();
  const workers = new Set<FleetSession>();
  const epochs = new Map<Id, { epoch: string; lines: { last: number } }>();
  const content = createContentStore({
    ...parts,
    ...(parts.contentFolder === undefined ? {} : { folder: parts.contentFolder }),
  });
  const sightings = createSightings(parts);
  const upgrade = createUpgrades({
    ...parts,
    content,
    ask: (...question) => fleet.ask(...question),
  });
  const presence = createPresence({ sessions, clock, news: sightings.news, heartbeat: parts.heartbeat });
  const tidings = createTidings(parts);
  let adverts = createAdverts();
  const offered = createOffered();
  const embedded = new Set<Id>();
  /** Parts of the server that work for every tenant. */
  const everyTenants = new Set<Id>();
  const gone = new Map<Id, CloseReason>();
  /** What was said of workers since this server runs: one that connects meanwhile was looked up before. */
  const drains = new Map<Id, boolean>();
  let closing = false;
  let urls: readonly string[] = [];
  let unmount = (): void => undefined;
  let cancelSweep: CancelTimer = clock.after(SWEEP_EVERY, sweep);

  const stops = [
    tasks.onReady((routes) => {
      for (const { route, module } of routes) {
        for (const session of candidates(route)) if (session.serves(route, module)) session.wake();
      }
    }),
    tasks.placeWith(function* (tenantId, route, module) {
      for (const session of candidates(route)) {
        const seat = session.serves(route, module, tenantId) ? session.seat() : undefined;
        if (seat !== undefined) yield seat;
      }
    }),
    tasks.onCancel((cancels) => {
      for (const { task, attempt, executorId } of cancels) sessions.get(executorId)?.cancel({ task, attempt });
    }),
  ];

  function candidates(route: Route): Iterable<FleetSession> {
    if (!("agentId" in route)) return workers;
    const session = agents.get(route.agentId);
    return session === undefined ? [] : [session];
  }

  function sweep(): void {
    cancelSweep = clock.after(SWEEP_EVERY, sweep);
    content.sweep().catch((error: unknown) => log.error({ err: error }, "cannot sweep content"));
  }

  function find(id: Id): Promise<ExecutorRecord | undefined> {
    return selectExecutor(database.kysely, id);
  }

  async function known(id: Id): Promise<Known | undefined> {
    const record = await selectIdentity(database.kysely, id);
    if (record === undefined) return undefined;
    const tenantId = everyTenants.has(id) ? null : record.tenantId;
    return { record, tenantId, siteIds: await sitesOf(record) };
  }

  async function sitesOf({ tenantId, siteId, kind }: ExecutorIdentity): Promise<readonly Id[] | "all"> {
    if (kind === "agent") return [];
    if (siteId === null) return "all";
    return (await parts.sites?.(tenantId))?.below(siteId) ?? [siteId];
  }

  function accept(connection: Connection): void {
    if (closing) return connection.close({ code: LINK_STOPPING.code, text: "the server is stopping" });
    return handshake(
      connection,
      { clock, random, pins: authorities.accepted, find: known, adverts },
      (admitted, facts) => begin(connection, admitted, facts),
      (reason) => log.warn({ code: reason.code, reason: reason.text }, "connection refused"),
    );
  }

  function begin(connection: Connection, admitted: Admitted, facts: ProvenFacts) {
    const { record, advert, epoch, version } = admitted;
    sessions.get(record.id)?.close({ code: LINK_SUPERSEDED.code, text: "the same executor connected again" });
    const known = epochs.get(record.id);
    const agentId = agentIdOf(record);
    const lines = known?.epoch === epoch ? known.lines : { last: -1 };
    epochs.set(record.id, { epoch, lines });
    const session = openSession(connection, admitted, {
      tasks,
      clock,
      random,
      log,
      heartbeat: parts.heartbeat,
      lines,
      joinFor,
      authority: authorities.current,
      async look() {
        const now = (await selectIdentity(database.kysely, record.id)) ?? record;
        return { siteIds: await sitesOf(now), draining: now.drainAt !== null };
      },
      async grant(names, jobId) {
        const holder = holderOf(await tasks.starterOf(jobId));
        return commits.submit((tx) => grantContent(tx, record, holder, names));
      },
      async allowInbound(taskId, room, jobId) {
        const holder = holderOf(await tasks.starterOf(jobId));
        const inbound = { taskId, executorId: record.id, room, now: clock.now(), holder };
        await commits.submit((tx) => allowInbound(tx, inbound));
      },
      seen: (news) => sightings.note(record.id, news),
      ended(ended) {
        if (sessions.get(record.id) !== ended) return;
        sessions.delete(record.id);
        presence.left(record.id);
        workers.delete(ended);
        if (agentId !== undefined && agents.get(agentId) === ended) agents.delete(agentId);
        tell(record, "node.disconnected");
      },
    });
    sessions.set(record.id, session);
    presence.back(record.id);
    session.drain(drains.get(record.id) ?? record.drainAt !== null);
    if (agentId === undefined) {
      workers.add(session);
      offered.note({ id: record.id, tenantId: admitted.tenantId, modules: advert.modules });
    } else agents.set(agentId, session);
    sightings.note(record.id, { version, advert, facts, pin: admitted.pin });
    tell(record, "node.connected");
    const reason = gone.get(record.id);
    if (reason !== undefined) session.close(reason);
    return session;
  }

  function tell(record: ExecutorIdentity, type: string): void {
    if (closing) return;
    tidings.tell({
      tenantId: record.tenantId,
      type,
      subject: { kind: "node", id: record.id },
      data: { name: record.name, kind: record.kind },
    });
  }

  async function joinFor(tenantId: Id, foundationId: Id, parameters: JsonObject): Promise<Json> {
    const foundation = parameters["foundation"] as JsonObject | undefined;
    const minted = await mintToken(joining, {
      tenantId,
      kind: "agent",
      ...(typeof foundation?.["name"] === "string" ? { name: foundation["name"] } : {}),
      foundationId,
      expiresIn: FOUNDATION_TOKEN_SECONDS,
    });
    return { urls: [...urls], token: minted.token };
  }

  async function shutOut(tx: Transaction, { id }: ExecutorRecord, text: string): Promise<void> {
    await deleteExecutor(tx, id);
    const reason: CloseReason = { code: EXECUTOR_UNKNOWN.code, text };
    afterCommit(tx, `fleet.remove.${id}`, () => {
      // One that is proving itself at this moment was found before it was removed.
      gone.set(id, reason);
      offered.forget(id);
      sessions.get(id)?.close(reason);
    });
  }

  function sessionFor(tenantId: Id, route: Route, module: string): FleetSession | undefined {
    let best: FleetSession | undefined;
    for (const session of candidates(route)) {
      if (session.serves(route, module, tenantId) && (best === undefined || session.load() < best.load()))
        best = session;
    }
    return best;
  }

  async function isServed(tenantId: Id, siteId: Id, module: string): Promise<boolean> {
    const route = { siteId };
    if (sessionFor(tenantId, route, module) !== undefined) return true;
    if (database.dialect !== "postgres") return false;
    for (const { id, modules: told } of await selectWorkers(database.kysely)) {
      const one = sessions.has(id) ? undefined : await known(id);
      if (one === undefined || one.record.drainAt !== null || presence.stateOf(one.record) !== "connected") continue;
      const modules = new Set(Object.keys(told));
      if (serves({ ...one, agentId: undefined, modules }, route, module, tenantId)) return true;
    }
    return false;
  }

  async function setDrain(actor: Principal, idOrName: string, on: boolean): Promise<Node> {
    const { id, name, kind } = await fleet.node(actor.tenantId, idOrName);
    if (kind !== "worker") throw new GantryError(EXECUTOR_NO_WORKER, `${name} is an agent`);
    const type = on ? "node.draining" : "node.resumed";
    await database.transaction(async (tx) => {
      recordActor(tx, actor);
      const record = await selectExecutor(tx, id);
      if (record === undefined || (record.drainAt !== null) === on) return;
      await saveDrain(tx, id, on ? clock.now() : null);
      const subject = { kind: "node", id };
      await parts.audit.append(tx, [
        { chain: actor.tenantId, action: type, subject: { ...subject, name }, data: { kind } },
      ]);
      await parts.events.append(tx, [{ tenantId: actor.tenantId, type, subject, data: { name, kind } }]);
      afterCommit(tx, `fleet.drain.${id}`, () => {
        drains.set(id, on);
        sessions.get(id)?.drain(on);
      });
    });
    return fleet.node(actor.tenantId, id);
  }

  const dismissal = createDismissal({ ...parts, isEmbedded: (id) => embedded.has(id), shutOut });
  const fleet: Fleet = {
    mount(http) {
      unmount = fleetRoutes(http, fleet, parts);
    },
    async start(options) {
      urls = options.urls;
      await deleteUnusedAdverts(database);
      adverts = createAdverts(await selectAllAdverts(database.kysely));
      for (const record of await selectWorkers(database.kysely)) if (!offered.has(record.id)) offered.note(record);
    },
    mintJoinToken: (request, actor) => mintToken(joining, request, actor),
    async joinTokens(tenantId, { after, limit }) {
      const now = clock.now();
      return (await selectTokens(database.kysely, tenantId, after, limit)).map((row) => tokenRecord(row, now));
    },
    async revokeJoinToken(actor, id) {
      await database.transaction(async (tx) => {
        recordActor(tx, actor);
        const row = await deleteToken(tx, actor.tenantId, id);
        if (row === undefined) throw new GantryError(JOIN_TOKEN_UNKNOWN, `there is no join token ${id}`);
        await parts.audit.append(tx, [tokenEntry("revoked", actor.tenantId, id, row.name)]);
      });
    },
    revoke: async (actor, idOrName) => dismissal.revoke(actor, await fleet.node(actor.tenantId, idOrName)),
    purge: async (actor, idOrName) => dismissal.purge(actor, await fleet.node(actor.tenantId, idOrName)),
    drain: (actor, idOrName) => setDrain(actor, idOrName, true),
    resume: (actor, idOrName) => setDrain(actor, idOrName, false),
    upgrade: async (actor, idOrName, within) => upgrade(actor, await fleet.node(actor.tenantId, idOrName), within),
    join: async (request) => {
      const record = await admit(joining, request);
      // Whoever still speaks with an older key of the same executor is out; a join that is sent again ends nothing.
      const session = sessions.get(record.id);
      if (session !== undefined && session.record.publicKey === record.publicKey) return record;
      session?.close({ code: LINK_SUPERSEDED.code, text: "the same executor joined again" });
      tell(record, "node.joined");
      return record;
    },
    shared: {
      challenge: shared.challenge,
      async admit(request) {
        const admitted = await shared.admit(request);
        tell(admitted.record, "node.joined");
        return admitted;
      },
    },
    accept,
    async embed({ tenantId, kind, name, siteId, everyTenant = false }) {
      const keys = createKeyPair();
      const id = await database.transaction(async (tx) => {
        const before = await selectByName(tx, tenantId, name);
        const record: ExecutorRecord = {
          id: before?.id ?? random.id(),
          tenantId,
          kind,
          name,
          publicKey: keys.publicKey,
          foundationId: null,
          siteId,
          version: before?.version ?? "",
          modules: before?.modules ?? {},
          facts: before?.facts ?? {},
          joinedAt: before?.joinedAt ?? clock.now(),
          seenAt: before?.seenAt ?? null,
          pin: authorities.pin(),
          drainAt: before?.drainAt ?? null,
        };
        await saveExecutor(tx, record);
        return record.id;
      });
      embedded.add(id);
      if (everyTenant) everyTenants.add(id);
      return {
        id,
        async open() {
          const [theirs, ours] = memoryPair();
          accept(ours);
          return theirs;
        },
        sign: (nonce) => signChallenge(keys.privateKey, { nonce, pin: authorities.pin(), executor: id }),
        pin: authorities.pin,
      };
    },
    async ask(tenantId, route, module, name, parameters, milliseconds) {
      const session = sessionFor(tenantId, route, module);
      if (session !== undefined) return session.ask(module, name, parameters, milliseconds);
      const who =
        "agentId" in route ? "the agent of this node is not connected" : "no worker that serves this site is connected";
      const own = [...sessions.values()].filter((one) => one.tenantId === null || one.tenantId === tenantId);
      const known = own.flatMap((one) => Object.keys(one.modules));
      const close = known.includes(module) ? undefined : nearest(module, known);
      throw new GantryError(
        NOT_CONNECTED,
        `cannot ask ${module}.${name}: ${who}${close === undefined ? "" : `; did you mean ${close}?`}`,
      );
    },
    isServed,
    isConnected: (agentId) => agents.has(agentId),
    async nodes(tenantId, page = {}) {
      const records = await selectExecutors(database.kysely, tenantId, page.after ?? "", page.limit ?? ALL);
      return records.map(presence.nodeOf);
    },
    async node(tenantId, idOrName) {
      const byName = await selectByName(database.kysely, tenantId, idOrName);
      const record = byName ?? (await find(idOrName));
      if (record === undefined || record.tenantId !== tenantId) throw unknownNode(idOrName);
      return presence.nodeOf(record);
    },
    find,
    async remove(tx, which) {
      const record =
        "id" in which ? await selectExecutor(tx, which.id) : await selectByFoundation(tx, which.foundationId);
      if (record !== undefined) await shutOut(tx, record, "it was removed");
    },
    async agents(tenantId, names) {
      const records = await selectAgents(database.kysely, tenantId, names);
      return records.flatMap((record) => {
        const agentId = agentIdOf(record);
        return agentId === undefined
          ? []
          : [{ agentId, name: record.name, foundationId: record.foundationId, siteId: record.siteId }];
      });
    },
    authority: authorities.find,
    async behind(tenantId) {
      const pin = authorities.pin();
      const stored = await selectBehind(database.kysely, tenantId, pin);
      const names = new Map(stored.map(({ id, name }) => [id, name]));
      // What was told a moment ago is not written down yet.
      for (const [id, session] of sessions) {
        if (session.pin() === pin) names.delete(id);
        else if (session.record.tenantId === tenantId) names.set(id, session.record.name);
      }
      // Who is a part of the server trusts it as it is.
      for (const id of embedded) names.delete(id);
      return [...names.values()].sort();
    },
    content,
    modules: (tenantId) => offered.of(tenantId),
    async close() {
      closing = true;
      cancelSweep();
      for (const stop of stops) stop();
      for (const session of sessions.values())
        session.close({ code: LINK_STOPPING.code, text: "the server is stopping" });
      unmount();
      await sightings.close();
    },
  };
  return fleet;
}
