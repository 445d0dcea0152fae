import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { cursorAfter, decodeCursor, listQuery, nameProblem, versionOf } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { CurrentZone } from "./decide.ts";
import type { DnsTarget } from "./model.ts";
import type { DnsService } from "./service.ts";
import { authorityText } from "./text.ts";

const tags = ["dns"];
const name = z.string().superRefine((text, context) => {
  const wrong = nameProblem(text);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});
const targetData = z.strictObject({
  name,
  kind: z.enum(["bind", "nsupdate", "powerdns"]),
  settings: z
    .record(z.string(), z.json())
    .describe("As docs/dns.md says for each kind; keys only by the path of a file"),
  zones: z.array(z.string().min(1).max(254)).max(10_000).default([]).describe("Zones it serves; none: all"),
  view: name.nullable().default(null).describe("The view it serves, beside zones without views"),
});
const targetAnswer = targetData.extend({
  settings: z.record(z.string(), z.unknown()),
  id: z.string(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const zoneAnswer = z.object({
  name: z.string(),
  view: z.string().nullable(),
  reverse: z.boolean(),
  parent: z.string().nullable(),
  serial: z.number(),
  records: z.number().describe("How many records it has"),
});
const problemAnswer = z.looseObject({ code: z.string(), message: z.string(), zone: z.string().nullable() });
const statusAnswer = z.object({
  target: z.string(),
  zone: z.string(),
  view: z.string().nullable(),
  state: z.enum(["waiting", "published", "removing"]),
  serial: z.number().nullable(),
  wantedSerial: z.number().nullable(),
  attempt: z.number(),
  lastError: z.string().nullable(),
  publishedAt: z.number().nullable(),
});
const ifMatch = z.looseObject({ "if-match": z.string().optional() });
const viewQuery = z.object({ view: z.string().max(254).optional() });

/** `/v1/dns`: zones as they are rendered, the name servers that are told, and how far they are. */
export function dnsRoutes({ app }: HttpServer, dns: DnsService): void {
  const params = z.object({ idOrName: z.string() });
  const page = (item: z.ZodType) => z.object({ items: z.array(item), next: z.string().nullable() });

  app.get(
    "/v1/dns/targets",
    {
      ...needs("inventory.read"),
      schema: { summary: "DNS targets, by name", tags, querystring: listQuery, response: { 200: page(targetAnswer) } },
    },
    async (request) => {
      const targets = await dns.targets(request.principal as Principal);
      return pageBy(targets.map(shownTarget), (one) => one.name, request.query);
    },
  );
  app.post(
    "/v1/dns/targets",
    {
      ...needs("dns.manage"),
      schema: {
        summary: "Add a DNS target: a name server that is told",
        tags,
        body: targetData,
        response: { 201: targetAnswer },
      },
    },
    async (request, reply) => {
      const { settings, ...data } = request.body;
      const added = await dns.addTarget(request.principal as Principal, { ...data, settings: settings as JsonObject });
      return reply.status(201).header("etag", `"${added.version}"`).send(shownTarget(added));
    },
  );
  app.get(
    "/v1/dns/targets/:idOrName",
    {
      ...needs("inventory.read"),
      schema: { summary: "One DNS target, by id or name", tags, params, response: { 200: targetAnswer } },
    },
    async (request, reply) => {
      const found = await dns.target(request.principal as Principal, request.params.idOrName);
      void reply.header("etag", `"${found.version}"`);
      return shownTarget(found);
    },
  );
  app.put(
    "/v1/dns/targets/:idOrName",
    {
      ...needs("dns.manage"),
      schema: {
        summary: "Replace a DNS target; zones it no longer serves are removed from the server",
        tags,
        params,
        headers: ifMatch,
        body: targetData,
        response: { 200: targetAnswer },
      },
    },
    async (request, reply) => {
      const { settings, ...data } = request.body;
      const version = versionOf(request);
      const after = await dns.replaceTarget(request.principal as Principal, request.params.idOrName, version, {
        ...data,
        settings: settings as JsonObject,
      });
      void reply.header("etag", `"${after.version}"`);
      return shownTarget(after);
    },
  );
  app.delete(
    "/v1/dns/targets/:idOrName",
    {
      ...needs("dns.manage"),
      schema: {
        summary: "Remove a DNS target; what the server has stays there",
        tags,
        params,
        headers: ifMatch,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      await dns.removeTarget(request.principal as Principal, request.params.idOrName, version);
      return reply.status(204).send(null);
    },
  );

  app.get(
    "/v1/dns/zones",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "Zones as they are published, each view for itself, by name",
        tags,
        querystring: listQuery,
        response: { 200: page(zoneAnswer) },
      },
    },
    async (request) => {
      const zones = await dns.zones(request.principal as Principal);
      return pageBy(zones.map(shownZone), (one) => `${one.name} ${one.view ?? ""}`, request.query);
    },
  );
  const zoneParams = z.object({ zone: z.string().max(254) });
  app.get(
    "/v1/dns/zones/:zone",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "One zone with every record",
        tags,
        params: zoneParams,
        querystring: viewQuery,
        response: {
          200: zoneAnswer.extend({
            records: z.array(z.object({ name: z.string(), type: z.string(), ttl: z.number(), value: z.string() })),
          }),
        },
      },
    },
    async (request) => {
      const found = await dns.zone(request.principal as Principal, request.params.zone, request.query.view);
      return { ...shownZone(found), records: recordsOf(found) };
    },
  );
  app.get(
    "/v1/dns/zones/:zone/file",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "One zone as a zone file",
        tags,
        params: zoneParams,
        querystring: viewQuery,
        response: { 200: { description: "Default Response", content: { "text/dns": { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      const text = await dns.file(request.principal as Principal, request.params.zone, request.query.view);
      return reply.type("text/dns; charset=utf-8").send(text);
    },
  );

  app.get(
    "/v1/dns/status",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "How far every zone is on every target, and what is left out of DNS",
        tags,
        response: { 200: z.object({ zones: z.array(statusAnswer), problems: z.array(problemAnswer) }) },
      },
    },
    async (request) => {
      const { zones, problems } = await dns.status(request.principal as Principal);
      return { zones: [...zones], problems: problems.map((one) => ({ ...one })) };
    },
  );
  app.post(
    "/v1/dns/publish",
    {
      ...needs("dns.manage"),
      schema: {
        summary: "Publish now what waits; with `whole` also what the servers are thought to have",
        tags,
        body: z.strictObject({
          target: z.string().optional(),
          zone: z.string().optional(),
          whole: z.boolean().default(false),
        }),
        response: { 202: z.object({ zones: z.number().describe("How many are to be published") }) },
      },
    },
    async (request, reply) =>
      reply.status(202).send({ zones: await dns.publish(request.principal as Principal, request.body) }),
  );
}

function shownTarget({ tenantId: _tenantId, ...target }: DnsTarget) {
  return { ...target, settings: { ...target.settings }, zones: [...target.zones] };
}

function shownZone({ zone, serial }: CurrentZone) {
  const { name, view, reverse, parent } = zone;
  const records = zone.sets.reduce((sum, set) => sum + set.values.length, 1);
  return { name, view, reverse, parent, serial, records };
}

function recordsOf({ zone, serial }: CurrentZone) {
  const authority = { name: zone.name, type: "SOA", ttl: zone.authority.ttl, value: authorityText(zone, serial) };
  return [
    authority,
    ...zone.sets.flatMap(({ name, type, ttl, values }) => values.map((value) => ({ name, type, ttl, value }))),
  ];
}

/** A page of things that are in order by a key. */
function pageBy<Thing>(
  things: readonly Thing[],
  keyOf: (thing: Thing) => string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): { items: Thing[]; next: string | null } {
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  const start = after === undefined ? 0 : things.findIndex((thing) => keyOf(thing) > after);
  const rest = start === -1 ? [] : things.slice(start);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rest.length > limit && last !== undefined ? cursorAfter(keyOf(last)) : null };
}
