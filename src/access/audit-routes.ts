import { z } from "zod";
import { GantryError } from "../kernel/errors.ts";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import { cursorAfter, CURSOR_UNKNOWN, decodeCursor, timeOf } from "../platform/requests/index.ts";
import type { AuditReader } from "./audit-reader.ts";
import type { Audit } from "./audit.ts";
import { SERVER_CHAIN, type AuditEntry, type Chain } from "./audit-model.ts";
import type { Principal } from "./model.ts";
import { requireEverywhere } from "./policy.ts";
import { needs } from "./requirement.ts";

const tags = ["audit"];

const TIME = "RFC 3339 with a time zone, or epoch milliseconds; included";

const chain = z
  .enum(["tenant", "server"])
  .default("tenant")
  .describe("`server`: what belongs to no tenant: persons, logins, backups, keys; needs `server.read` as well");
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const ENTRY = z.object({
  chain: z.string(),
  seq: z.number().describe("From 1, without gaps"),
  time: z.number().describe("Epoch milliseconds"),
  actor: z.object({
    kind: z.string(),
    id: z.string().nullable(),
    name: z.string(),
    tokenId: z.string().optional(),
  }),
  action: z.string(),
  subject: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
  data: z.record(z.string(), z.unknown()),
  prev: hash,
  hash,
});

const PLACE = z.object({ seq: z.number(), hash });

const VERDICT = z.object({
  chain: z.string(),
  entries: z.number().describe("Entries that were found whole"),
  last: PLACE,
  damage: z
    .object({ seq: z.number(), kind: z.enum(["changed", "missing", "rewritten"]), message: z.string() })
    .nullable()
    .describe("The first thing that is wrong; null: all is as it was written"),
});

const LIST = z.strictObject({
  chain,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(100).optional(),
  actor: z.string().max(300).optional().describe("Name or id of who acted"),
  action: z.string().max(100).optional().describe("`secret.read`, or `secret.*` for all of a room"),
  subject: z.string().max(400).optional().describe("`KIND`, or `KIND/NAME` by name or id"),
  since: z.string().max(40).optional().describe(TIME),
  until: z.string().max(40).optional().describe(TIME),
});

/** `/v1/audit`: who did what: in pages, as an export that can be verified anywhere, and whether it is as it was written. */
export function auditRoutes(server: HttpServer, { audit, reader }: { audit: Audit; reader: AuditReader }): void {
  const { app } = server;
  app.get(
    "/v1/audit",
    {
      ...needs("audit.read"),
      schema: {
        summary: "Who did what, the newest first",
        tags,
        querystring: LIST,
        response: { 200: z.object({ items: z.array(ENTRY), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor, subject, actor, action, since, until } = request.query;
      const [, subjectKind, name] = /^([^/]*)(?:\/(.*))?$/s.exec(subject ?? "") ?? [];
      const filter = {
        actor,
        action,
        since: timeOf(since, "first"),
        until: timeOf(until, "last"),
        subjectKind: subjectKind || undefined,
        subject: name,
      };
      const of = chainOf(request.principal as Principal, request.query.chain);
      const found = await reader.list(of, filter, placeOf(cursor), limit + 1);
      const items = found.slice(0, limit).map(shown);
      return { items, next: found.length > limit ? cursorAfter(String(items.at(-1)?.seq)) : null };
    },
  );
  app.get(
    "/v1/audit/head",
    {
      ...needs("audit.read"),
      schema: {
        summary: "Where the chain ends: written down elsewhere, it proves later that nothing before was taken away",
        tags,
        querystring: z.strictObject({ chain }),
        response: { 200: PLACE.extend({ chain: z.string(), time: z.number() }) },
      },
    },
    async (request) => {
      const of = chainOf(request.principal as Principal, request.query.chain);
      return { chain: of, ...(await audit.head(of)) };
    },
  );
  app.post(
    "/v1/audit/verify",
    {
      ...needs("audit.read"),
      schema: {
        summary: "Whether every entry is as it was written, and none is missing",
        tags,
        body: z.strictObject({ chain, head: PLACE.optional().describe("A head that was written down elsewhere") }),
        response: { 200: VERDICT },
      },
    },
    async (request) => {
      const of = chainOf(request.principal as Principal, request.body.chain);
      return { chain: of, ...(await reader.verify(of, request.body.head)) };
    },
  );
  app.get(
    "/v1/audit/export",
    {
      ...needs("audit.read"),
      schema: {
        summary: "Entries as lines of JSON, the oldest first, each with what its hash is made of",
        tags,
        querystring: z.strictObject({
          chain,
          from: z.coerce.number().int().min(1).default(1).describe("From this entry on"),
          since: z.string().max(40).optional().describe(TIME),
          follow: z.enum(["true", "false"]).default("false").describe("Go on with what is added"),
        }),
        response: { 200: z.unknown() },
      },
    },
    async (request, reply) => {
      const { from, since, follow } = request.query;
      const of = chainOf(request.principal as Principal, request.query.chain);
      const begin = timeOf(since, "first");
      return sendLines(reply, server.closing, async function* (signal) {
        for await (const line of reader.lines(of, from, { since: begin, follow: follow === "true", signal }))
          yield JSON.parse(line) as object;
      });
    },
  );
}

/** Errors: `forbidden` for the server's own chain without `server.read`. */
function chainOf(principal: Principal, of: "tenant" | "server"): Chain {
  if (of === "tenant") return principal.tenantId;
  requireEverywhere(principal, "server.read");
  return SERVER_CHAIN;
}

function placeOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const seq = Number(decodeCursor(cursor));
  if (!Number.isSafeInteger(seq)) throw new GantryError(CURSOR_UNKNOWN, "the cursor is not one of this list");
  return seq;
}

function shown(entry: AuditEntry): AuditEntry & { actor: { kind: string }; data: Record<string, unknown> } {
  return { ...entry, data: { ...entry.data } };
}
