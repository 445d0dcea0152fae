import { z } from "zod";
import { ruleOf, type Kind } from "./kinds.ts";

/** What the endpoints of the inventory take and answer, as the OpenAPI document shows it. */

export const ONE = z.object({ idOrName: z.string() });

const flag = z.enum(["true", "false"]).default("false");

/** A time of which something is asked. */
export const AT = z
  .string()
  .max(40)
  .optional()
  .describe("As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is");

/** What every list of things of the inventory takes. Which filters a kind has is told when one is used that it has not. */
export const LIST_QUERY = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(4000).optional(),
  site: z.string().optional().describe("Of this site or one below it"),
  group: z.string().optional().describe("In this group, one below it, or one it includes"),
  label: z
    .union([z.string(), z.array(z.string()).max(20)])
    .optional()
    .describe("`KEY` or `KEY=VALUE`; may be given several times"),
  blueprint: z.string().optional().describe("Made by this blueprint, or by one that builds upon it"),
  state: z.string().optional(),
  role: z.string().optional(),
  parent: z.string().optional().describe("Directly below this one; empty: below none"),
  kind: z.string().optional().describe("Of sites and groups: region, rack …"),
  complex: z.string().optional().describe("Of foundations: offered by this complex; of structures: standing on one"),
  foundation: z.string().optional().describe("Of structures, interfaces and dependencies: those of this foundation"),
  vars: z
    .union([z.string().max(10_000), z.array(z.string().max(10_000)).max(10)])
    .optional()
    .describe("`PATH:JSON`: those whose resolved variables hold this value there; may be given several times"),
  sort: z.string().max(100).optional().describe("A member; `-MEMBER` for the other way round"),
  fields: z.string().max(2000).optional().describe("Members to show, joined by commas; all when left out"),
  at: AT,
});

export type ListQuery = z.output<typeof LIST_QUERY>;

export const EXPLAIN_QUERY = z.strictObject({
  explain: flag.describe("With `resolved`: every variable's value, where it comes from, and what it overrode"),
  at: AT,
});

export const AT_QUERY = z.strictObject({ at: AT });

export const CASCADE_QUERY = z.strictObject({
  cascade: flag.describe("Also what depends on it; without, that is answered as a list (409)"),
});

/** Headers of a request that makes something. */
export const CREATE_HEADERS = z.looseObject({
  "idempotency-key": z.string().min(1).max(255).optional(),
});

/** Headers of a request that changes what was read. */
export const CHANGE_HEADERS = CREATE_HEADERS.extend({ "if-match": z.string().optional() });

export const RESULT = z.object({
  kind: z.string(),
  name: z.string(),
  id: z.string(),
  version: z.number(),
  action: z
    .enum(["created", "changed", "removed", "leaving", "unchanged"])
    .describe("leaving: it is taken down first, or something still needs it"),
  fields: z.array(z.string()),
});

export const RESULTS = z.object({ results: z.array(RESULT) });

const RESOLVED = z
  .object({
    values: z.record(z.string(), z.unknown()),
    explain: z.record(z.string(), z.unknown()),
    deleted: z.record(z.string(), z.unknown()),
  })
  .optional();

/** What is kept of a foundation beside what somebody writes. */
const NOTES = {
  locatedAt: z.number().nullable().describe("When it was said which machine it is; epoch milliseconds"),
  machineId: z.string().nullable().describe("The machine that it is"),
  identifiers: z.record(z.string(), z.unknown()).describe("How it is known elsewhere: `docker_id` …"),
  placedOn: z.string().nullable().describe("The structure of its complex that it was placed on"),
};

/** What is kept of everything beside what somebody writes. */
const KEPT = {
  id: z.string(),
  managedBy: z.string().describe("`design:NAME`, `import:NAME`, `backend:NAME` or `person`"),
  wanted: z.enum(["built", "absent"]),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
};

/** The same of what is built. */
const BUILT = {
  state: z.enum(["planned", "building", "built", "failed", "destroying"]),
  stale: z.boolean(),
  rebuild: z.boolean(),
  jobId: z.string().nullable(),
  failure: z.object({ role: z.string(), message: z.string(), jobId: z.string().nullable(), at: z.number() }).nullable(),
};

/** However many endpoints answer a kind, its schema is there once: they are most of what a server knows by schemas. */
const rows = new Map<Kind, z.ZodObject>();

/** A row of a kind as it is answered. */
export function rowSchema(kind: Kind): z.ZodObject {
  const schema = rows.get(kind) ?? describeRow(kind);
  rows.set(kind, schema);
  return schema;
}

function describeRow(kind: Kind): z.ZodObject {
  const { schema, built } = ruleOf(kind);
  const written = Object.fromEntries(
    Object.entries(schema.shape).map(([member, type]) => [
      member,
      type instanceof z.ZodOptional ? (type.unwrap() as z.ZodType) : type,
    ]),
  );
  return z.object({ ...written, ...KEPT, ...(built ? BUILT : {}), ...(kind === "foundation" ? NOTES : {}) });
}

export const MISSING = z
  .array(z.object({ backend: z.string(), site: z.string(), since: z.number(), error: z.string() }))
  .optional()
  .describe("Backends that cannot be read: what they hold is not in the list. Left out: none");

const NEXT = z.string().nullable();

export function pageSchema(kind: Kind): z.ZodObject {
  return z.object({ items: z.array(rowSchema(kind)), next: NEXT, missing: MISSING });
}

/** One thing, with its resolved variables when they were asked for. */
export function oneSchema(kind: Kind): z.ZodObject {
  return rowSchema(kind).extend({ resolved: RESOLVED });
}

const operation = z.strictObject({
  op: z.enum(["add", "remove", "replace", "move", "copy", "test"]),
  path: z.string(),
  from: z.string().optional(),
  value: z.unknown().optional(),
});

export const PATCH_BODY = z
  .union([z.record(z.string(), z.unknown()), z.array(operation)])
  .describe("A JSON merge patch (RFC 7396), or the operations of a JSON Patch (RFC 6902)");

export const PATCH_TYPES = ["application/json", "application/merge-patch+json", "application/json-patch+json"];

const data = z.record(z.string(), z.unknown());
const named = { kind: z.string(), name: z.string(), version: z.number().nullable().default(null) };

/** Edits of any kinds, as they are sent. */
export const EDITS_SCHEMA = z.array(
  z.discriminatedUnion("action", [
    z.strictObject({ action: z.literal("create"), kind: z.string(), data }),
    z.strictObject({ action: z.literal("replace"), ...named, data }),
    z.strictObject({ action: z.literal("merge"), ...named, patch: data }),
    z.strictObject({ action: z.literal("operations"), ...named, operations: z.array(operation) }),
    z.strictObject({ action: z.literal("delete"), ...named }),
  ]),
);

export const BULK_BODY = z.strictObject({
  edits: EDITS_SCHEMA,
  cascade: z.boolean().default(false),
  preview: z.boolean().default(false).describe("Only answer what would be done, and do nothing"),
});
