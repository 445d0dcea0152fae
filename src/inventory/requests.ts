import type { FastifyReply, FastifyRequest, FastifySchema, FastifySchemaCompiler } from "fastify";
import { actorKey, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { requestValidator } from "../platform/http/index.ts";
import { timeOf, versionOf } from "../platform/requests/index.ts";
import { valueProblem } from "./bounds.ts";
import type { Answer } from "./edit-service.ts";
import type { Edit } from "./edit-model.ts";
import { VALUE_TOO_LARGE } from "./errors.ts";
import { requestHash, type RequestOnce } from "./idempotency-store.ts";
import type { Kind } from "./kinds.ts";
import type { ListRequest } from "./list.ts";
import type { ListQuery } from "./route-schemas.ts";

export { versionOf };

/** What requests to the inventory have in common. */

/** A body nests its data: some levels beyond what data may have. */
const MOST_DEPTH = 80;
const MOST_SIZE = 512 * 1024 * 1024;

/**
 * The body of one thing is documented by its schema and checked where edits are planned, so that one and many are checked by the same
 * rule. Everything else of the request is checked here.
 */
export const bodyIsData: { readonly validatorCompiler: FastifySchemaCompiler<FastifySchema> } = {
  validatorCompiler: (route) =>
    route.httpPart === "body" ? (value: unknown) => ({ value }) : requestValidator(route as never),
};

/** Answers are made of the inventory's own rows: they need no check on their way out. */
export const plainJson = { serializerCompiler: () => (value: unknown) => JSON.stringify(value) };

/** The request as its `Idempotency-Key` names it; undefined without one. Errors: `value_too_large`. */
export function onceOf(request: FastifyRequest): RequestOnce | undefined {
  const wrong = valueProblem(request.body ?? null, MOST_SIZE, MOST_DEPTH);
  // Deep bodies are told here, before anything walks through them by calling itself.
  if (wrong !== undefined) throw new GantryError(VALUE_TOO_LARGE, `the body of the request ${wrong}`);
  const key = request.headers["idempotency-key"];
  if (typeof key !== "string") return undefined;
  const { method, url, body } = request;
  const read = request.headers["if-match"] ?? "";
  return {
    key,
    by: actorKey(request.principal as Principal),
    hash: requestHash([method, url, read, JSON.stringify(body ?? null)]),
  };
}

/** The edit of a PATCH: operations when its type says so or its body is a list, else a merge patch. */
export function patchOf(request: FastifyRequest, kind: Kind, name: string): Edit {
  const version = versionOf(request);
  const operations = (request.headers["content-type"] ?? "").startsWith("application/json-patch+json");
  const body = request.body as Json;
  return operations || Array.isArray(body)
    ? { action: "operations", kind, name, version, operations: body }
    : { action: "merge", kind, name, version, patch: body as JsonObject };
}

/** Errors: `time_invalid`. The search for variables is the caller's. */
export function listRequest({
  limit,
  cursor,
  label,
  sort,
  fields,
  at,
  vars: _vars,
  ...filter
}: ListQuery): ListRequest {
  return {
    at: timeOf(at, "last"),
    limit,
    cursor,
    sort,
    fields: fields
      ?.split(",")
      .map((field) => field.trim())
      .filter((field) => field !== ""),
    filter: { ...filter, label: label === undefined ? undefined : [label].flat() },
  };
}

/** Sends an answer, kept or new. */
export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  for (const [name, value] of Object.entries(headers)) void reply.header(name, value);
  return reply.status(status).send(body);
}
