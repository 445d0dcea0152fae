import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import { z } from "zod";
import { nearest } from "../../kernel/nearest.ts";

/** So many unknown keys are named; a request made of nothing else gets no answer of its own size. */
const MOST_KEYS = 5;
const LONGEST_KEY = 60;

/** Checks requests by their zod schemas. An unknown key is told with the nearest one there is. */
export const requestValidator: FastifySchemaCompiler<z.core.$ZodType> = (route) => {
  const validate = validatorCompiler(route);
  return (data) => {
    const result: unknown = validate(shortened(route.schema, data));
    const issues = (result as { readonly error?: readonly FastifySchemaValidationError[] }).error;
    return issues === undefined ? (result as object) : { error: issues.map((issue) => explained(route.schema, issue)) };
  };
};

/** A list this long is looked through for wrong items first. */
const LONG_LIST = 10_000;
/** So many wrong items say enough. */
const ENOUGH = 20;

/**
 * An object whose long lists end behind their twentieth wrong item: what is wrong with a million others costs seconds, and is told to nobody.
 * What is right stays as it is.
 */
function shortened(schema: z.core.$ZodType, data: unknown): unknown {
  if (!(schema instanceof z.ZodObject) || typeof data !== "object" || data === null) return data;
  const cuts = Object.entries(schema.shape).flatMap(([name, member]) => {
    const list = (data as Readonly<Record<string, unknown>>)[name];
    const item = itemOf(member as z.core.$ZodType);
    if (item === undefined || !Array.isArray(list) || list.length < LONG_LIST) return [];
    const end = behindProblems(item, list);
    return end === undefined ? [] : [[name, list.slice(0, end)] as const];
  });
  return cuts.length === 0 ? data : { ...data, ...Object.fromEntries(cuts) };
}

function itemOf(schema: z.core.$ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return itemOf(schema.unwrap());
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : undefined;
}

/** The index behind the last wrong item that is told; undefined: fewer are wrong. */
function behindProblems(item: z.ZodType, list: readonly unknown[]): number | undefined {
  let wrong = 0;
  const last = list.findIndex((one) => {
    if (!item.safeParse(one).success) wrong += 1;
    return wrong >= ENOUGH;
  });
  return last < 0 ? undefined : last + 1;
}

function explained(schema: z.core.$ZodType, issue: FastifySchemaValidationError): FastifySchemaValidationError {
  const unknown = issue.params["keys"];
  if (issue.keyword !== "unrecognized_keys" || !Array.isArray(unknown)) return issue;
  const known = keysAt(
    schema,
    issue.instancePath.split("/").filter((part) => part !== ""),
  );
  const told = unknown.slice(0, MOST_KEYS).map((key) => {
    const near = nearest(String(key), known);
    return `there is no '${String(key).slice(0, LONGEST_KEY)}' here${near === undefined ? "" : `; did you mean '${near}'?`}`;
  });
  return { ...issue, message: told.join(", ") };
}

/** The keys an object may have at a place in what a schema describes; none when the place is no object of known keys. */
function keysAt(schema: z.core.$ZodType | undefined, path: readonly string[]): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [first, ...rest] = path;
  if (schema instanceof z.ZodObject)
    return first === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[first], rest);
  if (first === undefined) return [];
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  return [];
}
