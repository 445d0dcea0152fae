import { z } from "zod";
import { needs, requireEverywhere, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { timeOf } from "../platform/requests/index.ts";
import { isKind, type History } from "./history-store.ts";

const CHANGE = z.object({
  path: z.string().describe("Members joined by dots; a dot in a name is written `\\.`"),
  before: z.unknown().optional().describe("Left out: there was none"),
  after: z.unknown().optional().describe("Left out: there is none any more"),
});

const ANSWER = z.object({
  kind: z.string(),
  id: z.string().nullable(),
  name: z.string().describe("The one it has, or had last"),
  more: z.boolean().describe("There are older ones than these 1,000: `GET /v1/audit?subject=KIND/ID` has all"),
  items: z.array(
    z.object({
      seq: z.number().describe("The entry of the audit"),
      time: z.number().describe("Epoch milliseconds"),
      actor: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
      action: z.string(),
      subject: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
      changes: z.array(CHANGE),
    }),
  ),
});

/** `/v1/history/{kind}/{id or name}`: what was done to a thing, also when it is gone. */
export function historyRoutes({ app }: HttpServer, history: History): void {
  app.get(
    "/v1/history/:kind/:idOrName",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "What was done to a thing, by whom, and what it changed; the newest first",
        tags: ["audit"],
        params: z.object({
          kind: z
            .string()
            .max(60)
            .describe("`structure`, `address_block` …; of what is not in the inventory, `secret`, with `audit.read`"),
          idOrName: z.string().max(400),
        }),
        querystring: z.strictObject({
          since: z.string().max(40).optional().describe("RFC 3339 with a time zone, or epoch milliseconds"),
        }),
        response: { 200: ANSWER },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const { kind, idOrName } = request.params;
      if (!isKind(kind)) requireEverywhere(principal, "audit.read");
      const found = await history.of(principal, kind, idOrName, timeOf(request.query.since, "first"));
      return { ...found, items: found.items.map((one) => ({ ...one, changes: one.changes.map((it) => ({ ...it })) })) };
    },
  );
}
