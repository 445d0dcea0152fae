import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { listQuery, pageOf, versionOf } from "../platform/requests/index.ts";
import type { BootProfile } from "./model.ts";
import type { BootService, FoundationBoot } from "./service.ts";

const tags = ["boot"];

/** Characters of a script or a template: many times what an installer is told. */
const LONGEST_TEXT = 256 * 1024;

const DRAFT = z.strictObject({
  name: z.string(),
  description: z.string().max(1000).default(""),
  script: z.string().max(LONGEST_TEXT).default("").describe("iPXE; a template"),
  template: z.string().max(LONGEST_TEXT).default("").describe("For the installer; a template"),
});
const PROFILE = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  script: z.string(),
  template: z.string(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const FOUNDATION_BOOT = z.object({
  foundation: z.string(),
  settings: z
    .array(
      z.object({
        interface: z.string(),
        profile: z.string(),
        jobId: z.string().nullable(),
        setAt: z.number(),
      }),
    )
    .describe("What it boots next, by interface; the one set last is first"),
  signal: z
    .object({
      name: z.string(),
      resetAt: z.number(),
      outcome: z.enum(["done", "failed"]).nullable().describe("Null: the machine has said nothing since the reset"),
      message: z.string(),
      signalledAt: z.number().nullable(),
    })
    .nullable(),
  keyExpiresAt: z.number().nullable().describe("When the key of the machine ends; null: it has none"),
});
const headers = z.looseObject({ "if-match": z.string().optional().describe("The version that was read; `*`: any") });

/** `/v1/boot-profiles`, and what a foundation boots next. */
export function bootRoutes({ app }: HttpServer, boot: BootService): void {
  const path = "/v1/boot-profiles";
  const params = z.object({ idOrName: z.string() });
  app.get(
    path,
    {
      ...needs("inventory.read"),
      schema: {
        summary: "Boot profiles, by name",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(PROFILE), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { items, next } = pageOf(await boot.list(request.principal as Principal), request.query);
      return { items: items.map(shown), next };
    },
  );
  app.post(
    path,
    {
      ...needs("inventory.write"),
      schema: { summary: "Create a boot profile", tags, body: DRAFT, response: { 201: PROFILE } },
    },
    async (request, reply) => {
      const made = await boot.create(request.principal as Principal, request.body);
      return reply.status(201).header("etag", `"${made.version}"`).send(shown(made));
    },
  );
  app.get(
    `${path}/:idOrName`,
    {
      ...needs("inventory.read"),
      schema: { summary: "One boot profile, by id or name", tags, params, response: { 200: PROFILE } },
    },
    async (request, reply) => {
      const found = await boot.get(request.principal as Principal, request.params.idOrName);
      void reply.header("etag", `"${found.version}"`);
      return shown(found);
    },
  );
  app.put(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write"),
      schema: { summary: "Replace a boot profile", tags, params, headers, body: DRAFT, response: { 200: PROFILE } },
    },
    async (request, reply) => {
      const { idOrName } = request.params;
      const after = await boot.replace(request.principal as Principal, idOrName, versionOf(request), request.body);
      void reply.header("etag", `"${after.version}"`);
      return shown(after);
    },
  );
  app.delete(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write"),
      schema: {
        summary: "Remove a boot profile that no foundation boots next",
        tags,
        params,
        headers,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await boot.remove(request.principal as Principal, request.params.idOrName, versionOf(request));
      return reply.status(204).send(null);
    },
  );
  app.get(
    "/v1/foundations/:idOrName/boot",
    {
      ...needs("inventory.read", "place"),
      schema: { summary: "What a foundation boots next", tags, params, response: { 200: FOUNDATION_BOOT } },
    },
    async (request) => shownBoot(await boot.foundation(request.principal as Principal, request.params.idOrName)),
  );
  app.post(
    "/v1/foundations/:idOrName/boot-key",
    {
      ...needs("secret.read", "place"),
      schema: {
        summary: "Make a key for a machine that is booted by hand; it is told once, and those before it end",
        tags,
        params,
        response: { 201: z.object({ key: z.string(), expiresAt: z.number() }) },
      },
    },
    async (request, reply) => {
      const made = await boot.makeKey(request.principal as Principal, request.params.idOrName);
      return reply.status(201).send(made);
    },
  );
}

function shown({ tenantId: _tenantId, ...profile }: BootProfile): Omit<BootProfile, "tenantId"> {
  return profile;
}

function shownBoot({ foundation, settings, signal, keyExpiresAt }: FoundationBoot): z.output<typeof FOUNDATION_BOOT> {
  return { foundation, settings: settings.map((one) => ({ ...one })), signal: signal && { ...signal }, keyExpiresAt };
}
