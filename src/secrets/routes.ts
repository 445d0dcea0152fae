import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { CURSOR_UNKNOWN, cursorAfter, decodeCursor, listQuery, versionOf } from "../platform/requests/index.ts";
import { SECRET_INVALID } from "./errors.ts";
import type { KeysService } from "./keys-service.ts";
import { LARGEST_VALUE, OWNER_KINDS, SECRET_KINDS, secretNameProblem } from "./model.ts";
import type { SecretData, SecretService, ShownSecret } from "./service.ts";

const tags = ["secrets"];
const params = z.object({ id: z.string() });

/** Text of the worst kind takes six bytes of JSON for one of its own. */
const bodyLimit = LARGEST_VALUE * 6 + 64 * 1024;

const encoding = z.enum(["utf8", "base64"]);
const content = {
  kind: z.enum(SECRET_KINDS).default("text"),
  value: z.string().describe("At most 1 MiB; bytes that are no text in base64"),
  encoding: encoding.default("utf8").describe("What `value` is written in"),
  description: z.string().max(1000).default(""),
  expiresAt: z.int().min(0).nullable().default(null).describe("Epoch milliseconds; from then on it is not opened"),
};
const replacement = z.strictObject(content);
const creation = z.strictObject({
  name: z.string().superRefine((text, context) => {
    const wrong = secretNameProblem(text);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
  }),
  owner: z
    .strictObject({ kind: z.enum(OWNER_KINDS), name: z.string().min(1).optional() })
    .describe("Who has it, by id or name; a tenant needs none: it is the one of the request"),
  ...content,
});
const answer = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.object({ kind: z.enum(OWNER_KINDS), id: z.string(), name: z.string() }),
  kind: z.enum(SECRET_KINDS),
  size: z.number().describe("Bytes of the value"),
  description: z.string(),
  expiresAt: z.number().nullable(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const opened = answer.extend({ value: z.string(), encoding });
const query = listQuery.extend({
  cursor: z.string().max(400).optional(),
  ownerKind: z.enum(OWNER_KINDS).optional(),
  owner: z.string().max(200).optional().describe("Its id or name; with `ownerKind`"),
  name: z.string().max(200).optional(),
});
const status = z.object({
  state: z.enum(["open", "locked"]).describe("locked: nothing can be opened or written; lists work"),
  reason: z.string().nullable().describe("Why it is locked"),
  masterKey: z
    .object({
      id: z.string(),
      source: z.string().nullable().describe("Told to who holds server.manage"),
      since: z.number(),
    })
    .nullable()
    .describe("The master key that is in use, or needed. Null: there has never been one"),
  dataKey: z.object({ generation: z.number(), since: z.number().nullable() }).describe("The newest one of the tenant"),
  secrets: z.number(),
  left: z.number().describe("How many are still to be sealed by the newest data key"),
});
const writing = z.looseObject({ "idempotency-key": z.string().min(1).max(255).optional() });
const changing = z.looseObject({ "if-match": z.string().optional() });

/** `/v1/secrets`. */
export function secretRoutes({ app }: HttpServer, secrets: SecretService, keys: KeysService): void {
  app.get(
    "/v1/secrets",
    {
      ...needs("secret.list", "place"),
      schema: {
        summary: "Secrets, by name, without their values",
        tags,
        querystring: query,
        response: { 200: z.object({ items: z.array(answer), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, ...rest } = request.query;
      const asked = { ...rest, after: cursor === undefined ? undefined : placeOf(cursor) };
      const { items, next } = await secrets.list(request.principal as Principal, asked);
      return {
        items: items.map(shown),
        next: next === null ? null : cursorAfter(JSON.stringify([next.name, next.id])),
      };
    },
  );
  app.post(
    "/v1/secrets",
    {
      ...needs("secret.write", "place"),
      bodyLimit,
      schema: { summary: "Keep a secret", tags, headers: writing, body: creation, response: { 201: answer } },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const { name, owner, ...rest } = request.body;
      if (owner.kind !== "tenant" && owner.name === undefined)
        throw new GantryError(SECRET_INVALID, `owner.name: which ${owner.kind} has the secret?`);
      const data = { ...dataOf(rest), name, owner: { kind: owner.kind, name: owner.name ?? principal.tenantId } };
      const made = await secrets.create(principal, data, request.headers["idempotency-key"]);
      return reply.status(201).header("etag", `"${made.version}"`).send(shown(made));
    },
  );
  app.get(
    "/v1/secrets/status",
    {
      ...needs("secret.list", "place"),
      schema: {
        summary: "Whether secrets can be opened, by which keys, and how far sealing anew is",
        tags,
        response: { 200: status },
      },
    },
    async (request) => keys.status(request.principal as Principal),
  );
  app.post(
    "/v1/secrets/unlock",
    {
      ...needs("server.manage"),
      schema: {
        summary: "Look for the master key now, where the server looks for it",
        tags,
        response: { 200: status },
      },
    },
    async (request) => {
      await keys.unlock();
      return keys.status(request.principal as Principal);
    },
  );
  app.post(
    "/v1/secrets/rotate-data",
    {
      ...needs("server.manage"),
      schema: {
        summary: "Give the tenant a new data key; its secrets are sealed by it in the background",
        tags,
        response: { 202: status },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      await keys.rotateData(principal);
      return reply.status(202).send(await keys.status(principal));
    },
  );
  app.post(
    "/v1/secrets/rotate-master",
    {
      ...needs("server.manage"),
      schema: {
        summary: "Wrap all data keys by a new master key",
        tags,
        body: z.strictObject({
          source: z.string().max(1000).optional().describe("Left out: the place that the configuration names"),
        }),
        response: {
          200: z.object({
            before: z.string(),
            id: z.string(),
            source: z.string(),
            dataKeys: z.number(),
            configured: z.boolean().describe("False: the configuration names another place, and should name this one"),
          }),
        },
      },
    },
    async (request) => keys.rotateMaster(request.principal as Principal, request.body.source),
  );
  app.get(
    "/v1/secrets/:id",
    {
      ...needs("secret.list", "place"),
      schema: { summary: "A secret, without its value", tags, params, response: { 200: answer } },
    },
    async (request, reply) => {
      const found = await secrets.get(request.principal as Principal, request.params.id);
      void reply.header("etag", `"${found.version}"`);
      return shown(found);
    },
  );
  app.get(
    "/v1/secrets/:id/value",
    {
      ...needs("secret.read", "place"),
      schema: { summary: "A secret with its value. Each reading is audited", tags, params, response: { 200: opened } },
    },
    async (request, reply) => {
      const { secret, value } = await secrets.value(request.principal as Principal, request.params.id);
      void reply.header("cache-control", "no-store").header("etag", `"${secret.version}"`);
      const text = secret.kind === "blob" ? undefined : value.text();
      return text === undefined
        ? { ...shown(secret), value: value.reveal().toString("base64"), encoding: "base64" as const }
        : { ...shown(secret), value: text, encoding: "utf8" as const };
    },
  );
  app.put(
    "/v1/secrets/:id",
    {
      ...needs("secret.write", "place"),
      bodyLimit,
      schema: {
        summary: "Replace the value of a secret, and what is said of it",
        tags,
        params,
        headers: changing,
        body: replacement,
        response: { 200: answer },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const after = await secrets.replace(principal, request.params.id, versionOf(request), dataOf(request.body));
      void reply.header("etag", `"${after.version}"`);
      return shown(after);
    },
  );
  app.delete(
    "/v1/secrets/:id",
    {
      ...needs("secret.write", "place"),
      schema: { summary: "Remove a secret", tags, params, headers: changing, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await secrets.remove(request.principal as Principal, request.params.id, versionOf(request));
      return reply.status(204).send(null);
    },
  );
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function dataOf({ kind, value, encoding: written, description, expiresAt }: z.output<typeof replacement>): SecretData {
  if (written === "base64" && !BASE64.test(value)) throw new GantryError(SECRET_INVALID, "the value is not base64");
  return { kind, value: Buffer.from(value, written), description, expiresAt };
}

function shown({ tenantId: _tenantId, generation: _generation, ...secret }: ShownSecret): z.output<typeof answer> {
  return { ...secret, owner: { ...secret.owner } };
}

function placeOf(cursor: string): { readonly name: string; readonly id: string } {
  try {
    const [name, id] = JSON.parse(decodeCursor(cursor)) as unknown[];
    if (typeof name === "string" && typeof id === "string") return { name, id };
  } catch (error) {
    if (error instanceof GantryError) throw error;
  }
  throw new GantryError(CURSOR_UNKNOWN, `'${cursor.slice(0, 60)}' is not a cursor of secrets`);
}
