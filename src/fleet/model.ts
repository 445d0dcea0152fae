import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { ModuleAdvert } from "../link/index.ts";

/** Who is known to the server as a worker or an agent, and what they may be given. Pure. */

export type ExecutorKind = "agent" | "worker";

export interface ExecutorRecord {
  readonly id: Id;
  readonly tenantId: Id;
  readonly kind: ExecutorKind;
  readonly name: string;
  /** SPKI, DER, base64. */
  readonly publicKey: string;
  /** The foundation the agent stands on. */
  readonly foundationId: Id | null;
  /** The site a worker serves, with those below it; null: all. */
  readonly siteId: Id | null;
  readonly version: string;
  readonly modules: Readonly<Record<string, ModuleAdvert>>;
  readonly facts: JsonObject;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
  readonly seenAt: number | null;
  /** Pin of the authority it trusts, base64url; empty while it has not connected. */
  readonly pin: string;
  /** Since when a worker is given nothing new; null: it is. */
  readonly drainAt: number | null;
}

/** Who an executor is, without what it says of itself. */
export type ExecutorIdentity = Omit<ExecutorRecord, "modules" | "facts">;

/** A join token as the API shows it: all but its secret, which nobody keeps. */
export interface JoinTokenRecord {
  readonly id: Id;
  readonly role: ExecutorKind;
  readonly name: string | null;
  readonly siteId: Id | null;
  readonly foundationId: Id | null;
  readonly state: "open" | "used" | "expired";
  readonly expiresAt: number;
  readonly usedAt: number | null;
  readonly nodeId: Id | null;
}

/** A worker or an agent as the API shows it. */
export interface Node {
  readonly id: Id;
  readonly name: string;
  readonly kind: ExecutorKind;
  /** `connected`, or `away` when it was not seen for a while. */
  readonly state: "connected" | "away";
  readonly version: string;
  readonly modules: readonly string[];
  /** By module: how many tasks it does at a time, and how many it has now. */
  readonly slots: Readonly<Record<string, { readonly limit: number; readonly inUse: number }>>;
  /** `draining`: a worker that is given nothing new and still has tasks; `drained`: that has none left. Null: it is given tasks. */
  readonly drain: "draining" | "drained" | null;
  readonly foundationId: Id | null;
  readonly siteId: Id | null;
  readonly facts: JsonObject;
  readonly joinedAt: number;
  readonly seenAt: number | null;
  /** Heartbeats that should have come since; null: it was never seen. */
  readonly missed: number | null;
  /** Tasks and questions that it has now; null: it is not connected here. */
  readonly load: number | null;
  /** What tasks and questions for this agent are routed by; null for a worker. */
  readonly agentId: Id | null;
}

/**
 * What an agent's tasks are routed by: the foundation it stands on, so that they may wait before it has joined, and find it again when
 * it was made anew. An agent that stands on none has its own id.
 */
export function agentIdOf(executor: Pick<ExecutorRecord, "id" | "kind" | "foundationId">): Id | undefined {
  return executor.kind === "agent" ? (executor.foundationId ?? executor.id) : undefined;
}

/** Who is asked: the agent of a node, or any worker that serves a site. */
export type Route = { readonly agentId: Id } | { readonly siteId: Id };

export interface Served {
  /** Null: every tenant. */
  readonly tenantId: Id | null;
  readonly agentId: Id | undefined;
  readonly siteIds: readonly Id[] | "all";
  readonly modules: ReadonlySet<string>;
}

/** `tenantId` left out: whether it might, when the tenant is one that it serves. */
export function serves(served: Served, route: Route, module: string, tenantId?: Id): boolean {
  if (!served.modules.has(module)) return false;
  if (tenantId !== undefined && served.tenantId !== null && served.tenantId !== tenantId) return false;
  if ("agentId" in route) return served.agentId === route.agentId;
  return served.siteIds === "all" || served.siteIds.includes(route.siteId);
}

/** Slots that are free, by module, given what each module may have and what is out. Only modules with any. */
export function freeSlots(
  modules: Readonly<Record<string, Pick<ModuleAdvert, "limit">>>,
  out: ReadonlyMap<string, number>,
): Record<string, number> {
  const free: Record<string, number> = {};
  for (const [name, { limit }] of Object.entries(modules)) {
    const left = limit - (out.get(name) ?? 0);
    if (left > 0) free[name] = left;
  }
  return free;
}

/** SHA-256, as hexadecimal digits: what content is called. */
const CONTENT_NAME = /^[0-9a-f]{64}$/;

/** Names of content anywhere in parameters: what a task needs to fetch. */
export function contentNames(parameters: Json): string[] {
  const names = new Set<string>();
  const open: Json[] = [parameters];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === "string" && CONTENT_NAME.test(value)) names.add(value);
    else if (Array.isArray(value)) open.push(...(value as readonly Json[]));
    else if (isJsonObject(value)) open.push(...Object.values(value));
  }
  return [...names];
}

const JOIN = "join";

/**
 * The member `join` of a task's parameters when it stands for a join token: `{ "$join": FOUNDATION }`. The token is made when the task is
 * sent, so that it is never stored. Nothing else is taken for one: other members may hold what people wrote.
 */
export function joinPlaceholders(parameters: Json): { readonly member: string; readonly foundationId: Id }[] {
  if (!isJsonObject(parameters)) return [];
  return Object.entries(parameters).flatMap(([member, value]) => {
    if (member !== JOIN || !isJsonObject(value)) return [];
    const foundationId = value["$join"];
    return typeof foundationId === "string" && Object.keys(value).length === 1 ? [{ member, foundationId }] : [];
  });
}
