import { z } from "zod";
import { needs, NOWHERE, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { cursorAfter, decodeCursor, listQuery } from "../platform/requests/index.ts";
import { unknownNode } from "./errors.ts";
import type { Fleet, FleetParts } from "./fleet.ts";
import { siteNamed } from "./joining.ts";
import type { ExecutorKind, JoinTokenRecord, Node } from "./model.ts";

/** `/v1/nodes` and `/v1/join-tokens`: for people and programs. */

const node = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["agent", "worker"]),
  state: z.enum(["connected", "away"]),
  version: z.string(),
  modules: z.array(z.string()),
  /** By module: how many tasks it does at a time, and how many it has now. */
  slots: z.record(z.string(), z.object({ limit: z.number(), inUse: z.number() })),
  /** A worker that is given nothing new: `draining` while it still has tasks, then `drained`. Null: it is given tasks. */
  drain: z.enum(["draining", "drained"]).nullable(),
  foundationId: z.string().nullable(),
  siteId: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
  joinedAt: z.number(),
  seenAt: z.number().nullable(),
  /** Heartbeats that should have come since; null: it was never seen. */
  missed: z.number().nullable(),
  /** Tasks and questions that it has now; null: it is not connected to this server. */
  load: z.number().nullable(),
  agentId: z.string().nullable(),
});

const remembered = z.object({
  results: z.array(
    z.object({
      key: z.string(),
      verb: z.string(),
      text: z.string(),
      /** Epoch milliseconds. */
      at: z.number(),
      bytes: z.number(),
    }),
  ),
  arguments: z.array(z.string()),
  environment: z.array(z.string()),
});

/** Milliseconds a node has for an answer. */
const ASKED_WITHIN = 10_000;

const joinToken: z.ZodType<JoinTokenRecord> = z.object({
  id: z.string(),
  role: z.enum(["agent", "worker"]),
  /** What whoever joins will be called; null: what it calls itself. */
  name: z.string().nullable(),
  siteId: z.string().nullable(),
  foundationId: z.string().nullable(),
  state: z.enum(["open", "used", "expired"]),
  /** Epoch milliseconds. */
  expiresAt: z.number(),
  usedAt: z.number().nullable(),
  /** Who joined with it. */
  nodeId: z.string().nullable(),
});

/** Seconds: a week. */
const LONGEST_TOKEN = 7 * 24 * 60 * 60;

export function nodeRoutes({ app }: HttpServer, fleet: Fleet, parts: FleetParts): void {
  app.get(
    "/v1/nodes",
    {
      ...needs("fleet.read", "place"),
      schema: {
        summary: "Workers and agents",
        tags: ["nodes"],
        querystring: z.object({
          cursor: z.string().max(300).optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(200),
          kind: z.enum(["agent", "worker"]).optional(),
        }),
        response: { 200: z.object({ items: z.array(node), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, limit, kind } = request.query;
      const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
      const items = await seenNodes(fleet, parts, request.principal as Principal, { after, limit, kind });
      const last = items.length < limit ? undefined : items.at(-1);
      return {
        items: items.map(presented),
        next: last === undefined ? null : Buffer.from(last.name).toString("base64url"),
      };
    },
  );
  app.get(
    "/v1/nodes/:idOrName",
    {
      ...needs("fleet.read", "place"),
      schema: {
        summary: "One worker or agent",
        tags: ["nodes"],
        params: z.object({ idOrName: z.string() }),
        response: { 200: node },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const one = await fleet.node(principal.tenantId, request.params.idOrName);
      if (!(await mayRead(parts, principal))(one)) throw unknownNode(request.params.idOrName);
      return presented(one);
    },
  );
  app.get(
    "/v1/nodes/:idOrName/cache",
    {
      ...needs("run.read", "place"),
      schema: {
        summary:
          "What an agent remembers: results that stand in for later commands, and names of arguments and variables",
        tags: ["nodes"],
        params: z.object({ idOrName: z.string() }),
        response: { 200: remembered },
      },
    },
    async (request) => {
      const { tenantId, rights } = request.principal as Principal;
      const one = await fleet.node(tenantId, request.params.idOrName);
      const place = (await parts.placesOf?.(tenantId))?.(one) ?? NOWHERE;
      if (one.agentId === null || !rights.at("run.read", place)) throw unknownNode(request.params.idOrName);
      const { agentId } = one;
      return remembered.parse(await fleet.ask(tenantId, { agentId }, "agent", "cache_list", {}, ASKED_WITHIN));
    },
  );
  app.post(
    "/v1/nodes/:idOrName/revoke",
    {
      ...needs("fleet.manage"),
      schema: {
        summary:
          "Shut a worker or an agent out for good: its connection ends, its tasks are lost, its key is worth nothing",
        tags: ["nodes"],
        params: z.object({ idOrName: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await fleet.revoke(request.principal as Principal, request.params.idOrName);
      return reply.status(204).send(null);
    },
  );
  app.delete(
    "/v1/nodes/:idOrName",
    {
      ...needs("fleet.manage"),
      schema: {
        summary: "Forget a worker or an agent that is gone; it may join again by a token",
        tags: ["nodes"],
        params: z.object({ idOrName: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await fleet.purge(request.principal as Principal, request.params.idOrName);
      return reply.status(204).send(null);
    },
  );
  for (const [verb, summary] of [
    ["drain", "Give a worker nothing new; what it has goes on, and then it is drained"],
    ["resume", "Give a worker tasks again"],
  ] as const) {
    app.post(
      `/v1/nodes/:idOrName/${verb}`,
      {
        ...needs("fleet.manage"),
        schema: { summary, tags: ["nodes"], params: z.object({ idOrName: z.string() }), response: { 200: node } },
      },
      async (request) => {
        const changed = await fleet[verb](request.principal as Principal, request.params.idOrName);
        return presented(changed);
      },
    );
  }
  app.post(
    "/v1/nodes/:idOrName/upgrade",
    {
      ...needs("fleet.manage"),
      schema: {
        summary: "Make an agent the release that this server has; it goes back by itself when that does not come up",
        tags: ["nodes"],
        params: z.object({ idOrName: z.string() }),
        body: z.strictObject({
          within: z.number().min(1).max(3600).default(60).describe("Seconds the new release has to connect in"),
        }),
        response: { 200: z.object({ changed: z.boolean(), release: z.string() }) },
      },
    },
    (request) => fleet.upgrade(request.principal as Principal, request.params.idOrName, request.body.within),
  );
  app.get(
    "/v1/join-tokens",
    {
      ...needs("fleet.read"),
      schema: {
        summary: "Join tokens, the newest last; never what they say",
        tags: ["nodes"],
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(joinToken), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const { tenantId } = request.principal as Principal;
      const found = await fleet.joinTokens(tenantId, { after, limit: limit + 1 });
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? cursorAfter(items.at(-1)?.id ?? "") : null };
    },
  );
  app.post(
    "/v1/join-tokens/:id/revoke",
    {
      ...needs("fleet.manage"),
      schema: {
        summary: "Make a join token worthless; who has joined with it stays",
        tags: ["nodes"],
        params: z.object({ id: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await fleet.revokeJoinToken(request.principal as Principal, request.params.id);
      return reply.status(204).send(null);
    },
  );
  app.post(
    "/v1/join-tokens",
    {
      ...needs("fleet.manage"),
      schema: {
        summary: "Make a one-time token with which a worker or an agent joins; it is shown only in this answer",
        tags: ["nodes"],
        body: z.strictObject({
          role: z.enum(["agent", "worker"]),
          name: z.string().min(1).max(253).optional(),
          /** Of a worker: the site it serves, with those below it. Left out: all. */
          site: z.string().min(1).max(253).optional(),
          /** Seconds. */
          expiresIn: z.int().min(1).max(LONGEST_TOKEN).default(3600),
        }),
        response: { 201: z.object({ id: z.string(), token: z.string(), expiresAt: z.number() }) },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.principal as Principal;
      const { role, name, site, expiresIn } = request.body;
      const siteId = site === undefined ? undefined : siteNamed(site, await parts.sites?.(tenantId));
      const minted = await fleet.mintJoinToken(
        {
          tenantId,
          kind: role,
          expiresIn,
          ...(name === undefined ? {} : { name }),
          ...(siteId === undefined ? {} : { siteId }),
        },
        request.principal as Principal,
      );
      return reply.status(201).send(minted);
    },
  );
}

function presented(one: Node): z.output<typeof node> {
  return { ...one, modules: [...one.modules] };
}

/** Nodes looked at in one go for one page. */
const LOOKED_AT = 1000;

/** Tells nodes that may be seen. */
async function mayRead({ placesOf }: FleetParts, { tenantId, rights }: Principal): Promise<(node: Node) => boolean> {
  if (rights.everywhere("fleet.read")) return () => true;
  const placeOf = await placesOf?.(tenantId);
  return (node) => rights.at("fleet.read", placeOf?.(node) ?? NOWHERE);
}

/** A page of the nodes that may be seen. */
async function seenNodes(
  fleet: Fleet,
  parts: FleetParts,
  principal: Principal,
  page: { readonly after: string; readonly limit: number; readonly kind: ExecutorKind | undefined },
): Promise<readonly Node[]> {
  const { after, limit, kind } = page;
  if (kind === undefined && principal.rights.everywhere("fleet.read"))
    return fleet.nodes(principal.tenantId, { after, limit });
  const mayBeSeen = await mayRead(parts, principal);
  const isSeen = (one: Node) => (kind === undefined || one.kind === kind) && mayBeSeen(one);
  const found: Node[] = [];
  for (let last = after; ;) {
    const some = await fleet.nodes(principal.tenantId, { after: last, limit: LOOKED_AT });
    found.push(...some.filter(isSeen));
    if (found.length >= limit || some.length < LOOKED_AT) return found.slice(0, limit);
    last = some.at(-1)!.name;
  }
}
