import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { MACHINE_FACTS_SCHEMA } from "../blueprints/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { cursorAfter, decodeCursor, listQuery } from "../platform/requests/index.ts";
import { MACHINE_STATES, type Machine } from "./model.ts";
import type { MachineService } from "./service.ts";
import type { MachineTokenService } from "./token-service.ts";

/** Facts of a machine with a thousand PCI devices are 100 KB. */
const FACTS_BYTES = 512 * 1024;

const tags = ["machines"];
const open = { open: true, door: true };
const ONE = z.object({ id: z.string().min(1).max(80) });
const FOUNDATION = z.object({ idOrName: z.string().min(1).max(300) });

const OUTCOME = z.object({
  state: z.enum(MACHINE_STATES),
  foundation: z.string().nullable().describe("The foundation it is, or would be"),
  by: z.enum(["assignment", "uuid", "link", "mac", "address"]).nullable(),
  reason: z.string(),
  problems: z.array(z.object({ path: z.string(), want: z.string(), have: z.string(), message: z.string() })),
  nearest: z.object({ foundation: z.string(), why: z.string() }).nullable(),
});
const MACHINE = z.object({
  id: z.string(),
  site: z.string().describe("The site it registered at"),
  outcome: OUTCOME,
  assigned: z.string().nullable().describe("The foundation a person says it is"),
  registeredAt: z.number(),
  seenAt: z.number(),
  facts: z.looseObject({}),
});
const ASSIGNMENT = z.object({
  state: z.enum(["located", "waiting"]),
  foundation: z.string().nullable(),
  hostname: z.string().nullable(),
  site: z.string(),
});
const TOKEN = z.object({
  id: z.string(),
  site: z.string(),
  description: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  usedAt: z.number().nullable().describe("When a machine registered with it last"),
});

/** `/v1/machines`, `/v1/machine-tokens`, and what locates a foundation by hand. */
export function machineRoutes({ app }: HttpServer, machines: MachineService, tokens: MachineTokenService): void {
  app.post(
    "/v1/machines",
    {
      config: open,
      bodyLimit: FACTS_BYTES,
      schema: {
        summary: "Register a machine by what it is made of; the credential is a registration token of its site",
        tags,
        security: [],
        body: z.strictObject({ facts: MACHINE_FACTS_SCHEMA }),
        response: { 200: ASSIGNMENT.extend({ id: z.string(), secret: z.string() }) },
      },
    },
    (request) => machines.register(bearer(request), request.body.facts),
  );
  app.get(
    "/v1/machines/:id/assignment",
    {
      config: open,
      schema: {
        summary: "What a machine is to be, for itself: the credential is the secret it was given when it registered",
        tags,
        security: [],
        params: ONE,
        response: { 200: ASSIGNMENT },
      },
    },
    (request) => machines.ask(request.params.id, bearer(request)),
  );
  app.get(
    "/v1/machines",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "Machines that registered, and which foundation each is, or why it is none",
        tags,
        querystring: listQuery.extend({ state: z.enum(MACHINE_STATES).optional(), site: z.string().optional() }),
        response: { 200: z.object({ items: z.array(MACHINE), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor, state, site } = request.query;
      const page = { after: cursor === undefined ? "" : decodeCursor(cursor), limit };
      const { items, more } = await machines.list(request.principal as Principal, { state, site }, page);
      return { items: items.map(shown), next: more ? cursorAfter(items.at(-1)?.id ?? "") : null };
    },
  );
  app.get(
    "/v1/machines/:id",
    {
      ...needs("inventory.read", "place"),
      schema: { summary: "A machine that registered", tags, params: ONE, response: { 200: MACHINE } },
    },
    async (request) => shown(await machines.get(request.principal as Principal, request.params.id)),
  );
  app.post(
    "/v1/machines/:id/assign",
    {
      ...needs("inventory.write", "place"),
      schema: {
        summary: "Say which foundation a machine is; `null`: let it be found out",
        tags,
        params: ONE,
        body: z.strictObject({ foundation: z.string().min(1).max(300).nullable() }),
        response: { 200: MACHINE },
      },
    },
    async (request) =>
      shown(await machines.assign(request.principal as Principal, request.params.id, request.body.foundation)),
  );
  app.delete(
    "/v1/machines/:id",
    {
      ...needs("inventory.write", "place"),
      schema: { summary: "Forget a machine; it may register again", tags, params: ONE, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await machines.forget(request.principal as Principal, request.params.id);
      return reply.status(204).send(null);
    },
  );
  for (const [action, summary] of [
    ["locate", "Say that a foundation is there, without a machine that registered"],
    ["unlocate", "Say that it is not known any more which machine a foundation is"],
  ] as const)
    app.post(
      `/v1/foundations/:idOrName/${action}`,
      {
        ...needs("inventory.write", "place"),
        schema: { summary, tags, params: FOUNDATION, response: { 204: z.null() } },
      },
      async (request, reply) => {
        await machines[action](request.principal as Principal, request.params.idOrName);
        return reply.status(204).send(null);
      },
    );
  tokenRoutes(app, tokens);
}

function tokenRoutes(app: HttpServer["app"], tokens: MachineTokenService): void {
  app.get(
    "/v1/machine-tokens",
    {
      ...needs("fleet.manage"),
      schema: {
        summary: "Registration tokens, without what makes them open anything",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(TOKEN), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const page = { after: cursor === undefined ? "" : decodeCursor(cursor), limit: limit + 1 };
      const found = await tokens.list(request.principal as Principal, page);
      return { items: found.slice(0, limit).map((one) => ({ ...one })), next: nextOf(found, limit) };
    },
  );
  app.post(
    "/v1/machine-tokens",
    {
      ...needs("fleet.manage", "place"),
      schema: {
        summary: "Make a registration token of a site, for a boot image; it is told once",
        tags,
        body: z.strictObject({
          site: z.string().min(1).max(300),
          description: z.string().max(255).default(""),
          expiresIn: z.int().min(1).max(315_360_000).optional().describe("Seconds; left out: until it is revoked"),
        }),
        response: { 201: TOKEN.extend({ token: z.string() }) },
      },
    },
    async (request, reply) => reply.status(201).send(await tokens.create(request.principal as Principal, request.body)),
  );
  app.delete(
    "/v1/machine-tokens/:id",
    {
      ...needs("fleet.manage"),
      schema: { summary: "Revoke a registration token", tags, params: ONE, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await tokens.revoke(request.principal as Principal, request.params.id);
      return reply.status(204).send(null);
    },
  );
}

function bearer(request: FastifyRequest): string | undefined {
  // Behind the point stands the pin of the server's authority, which is for who calls.
  return /^Bearer (gantry_machine_[\w-]{1,200})(\.[\w-]{1,200})?$/.exec(request.headers.authorization ?? "")?.[1];
}

/** `found` holds one more than a page when there is a next one. */
function nextOf(found: readonly { readonly id: string }[], limit: number): string | null {
  return found.length > limit ? cursorAfter(found[limit - 1]?.id ?? "") : null;
}

function shown({ id, site, outcome, assigned, registeredAt, seenAt, facts }: Machine): z.input<typeof MACHINE> {
  return {
    id,
    site,
    outcome: { ...outcome, problems: [...outcome.problems] },
    assigned,
    registeredAt,
    seenAt,
    facts: { ...facts },
  };
}
