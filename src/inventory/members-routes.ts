import { z } from "zod";
import { needs, STRUCTURE_SCOPE, type Principal } from "../access/index.ts";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import { ansibleNameProblem } from "./kind-names.ts";
import type { MembersQuestion, MembersService } from "./members.ts";
import { ONE } from "./route-schemas.ts";

const tags = ["members"];
const path = "/v1/structures/:idOrName";

const QUESTION = z.strictObject({
  blueprint: z.string().optional().describe("Made by this blueprint, or by one that builds upon it"),
  group: z.string().optional().describe("In this group, one below it, or one it includes"),
  site: z.string().optional().describe("Of this site or one below it"),
  role: z.string().optional(),
  label: z
    .union([z.string(), z.array(z.string()).max(20)])
    .optional()
    .describe("`KEY` or `KEY=VALUE`; may be given several times"),
  state: z.string().optional(),
  follow: z
    .enum(["true", "false"])
    .default("false")
    .describe("Go on: all members, one list a line (NDJSON), now and each time they are others"),
});

const REPORT = z.object({ missing: z.array(z.string()), at: z.number() });

const MEMBERS = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      fqdn: z.string(),
      address: z.string().nullable(),
      addresses: z.array(z.string()),
      site: z.string(),
      role: z.string().nullable(),
      state: z.string(),
    }),
  ),
  reported: REPORT.nullable(),
});

const NAME = z.string().refine((name) => ansibleNameProblem(name) === undefined, "must be the name of a structure");

const TOKEN = z.object({ id: z.string(), description: z.string(), createdAt: z.number() });

/** `/v1/structures/{id}/members`, for a structure with a token of its own, and its tokens. */
export function membersRoutes(server: HttpServer, members: MembersService): void {
  const { app } = server;
  app.get(
    `${path}/members`,
    {
      config: { ...needs("inventory.read").config, scope: STRUCTURE_SCOPE },
      schema: {
        summary: "Structures that should be members of this one's service",
        tags,
        params: ONE,
        querystring: QUESTION,
        response: { 200: MEMBERS },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const { idOrName } = request.params;
      const { follow, label, ...rest } = request.query;
      const question: MembersQuestion = { ...rest, label: label === undefined ? undefined : [label].flat() };
      const now = await members.members(principal, idOrName, question);
      if (follow === "true")
        return sendLines(reply, server.closing, (signal) =>
          members.follow(principal, idOrName, question, signal),
        ) as never;
      return { ...now, items: [...now.items], reported: reportShown(now.reported) } as never;
    },
  );
  app.post(
    `${path}/members`,
    {
      config: { ...needs("inventory.write").config, scope: STRUCTURE_SCOPE },
      schema: {
        summary: "Report which members are missing; none when all are there",
        tags,
        params: ONE,
        body: z.strictObject({ missing: z.array(NAME).max(10_000) }),
        response: { 200: REPORT },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const { missing, at } = await members.report(principal, request.params.idOrName, request.body.missing);
      return { missing: [...missing], at };
    },
  );
  app.get(
    `${path}/tokens`,
    {
      ...needs("access.read"),
      schema: {
        summary: "Tokens of a structure, without what makes them open anything",
        tags,
        params: ONE,
        response: { 200: z.object({ items: z.array(TOKEN), next: z.null() }) },
      },
    },
    async (request) => {
      const items = await members.tokens(request.principal as Principal, request.params.idOrName);
      return { items: [...items], next: null };
    },
  );
  app.post(
    `${path}/tokens`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Issue a token by which the structure asks for its members; it is told once",
        tags,
        params: ONE,
        body: z.strictObject({ description: z.string().max(255).default("") }),
        response: { 201: TOKEN.extend({ token: z.string() }) },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const made = await members.issueToken(principal, request.params.idOrName, request.body.description);
      return reply.status(201).send(made);
    },
  );
  app.delete(
    `${path}/tokens/:tokenId`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Revoke a token of a structure",
        tags,
        params: ONE.extend({ tokenId: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await members.revokeToken(request.principal as Principal, request.params.idOrName, request.params.tokenId);
      return reply.status(204).send(null);
    },
  );
}

function reportShown(report: { readonly missing: readonly string[]; readonly at: number } | null): unknown {
  return report === null ? null : { missing: [...report.missing], at: report.at };
}
